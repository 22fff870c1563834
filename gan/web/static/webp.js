// An animated WebP of stills that the browser's own encoder writes: developers.google.com/speed/webp/docs/riff_container.

const QUALITY = 0.85;

/** Whether this browser can write WebP; Safari cannot. */
export const canWriteWebp = async () => (await still(new ImageData(1, 1))).type === "image/webp";

/** Pictures of one size → animated WebP, which plays again and again, or once. */
export async function animatedWebp(images, milliseconds, loop) {
  const { width, height } = images[0];
  const ANIMATION = 2;
  const parts = [
    chunk("VP8X", bytes([ANIMATION, 4], [width - 1, 3], [height - 1, 3])),
    chunk("ANIM", bytes([0xffffffff, 4], [loop ? 0 : 1, 2])),
  ];
  for (const image of images) {
    const frame = bytes([0, 3], [0, 3], [width - 1, 3], [height - 1, 3], [milliseconds, 3], [0, 1]);
    parts.push(chunk("ANMF", [...frame, ...picture(new Uint8Array(await (await still(image)).arrayBuffer()))]));
  }
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  return new Blob([text("RIFF"), bytes([length, 4]), text("WEBP"), ...parts], { type: "image/webp" });
}

async function still(image) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").putImageData(image, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/webp", QUALITY));
}

/** The chunk with the picture in a file of one still. */
function picture(file) {
  const view = new DataView(file.buffer);
  for (let place = 12; place < file.length;) {
    const size = view.getUint32(place + 4, true);
    const end = place + 8 + size + (size % 2);
    if (["VP8 ", "VP8L"].includes(String.fromCharCode(...file.subarray(place, place + 4))))
      return file.subarray(place, end);
    place = end;
  }
  throw new Error("This browser wrote a WebP that cannot be read: save the morph as PNG.");
}

const text = (letters) => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
const chunk = (tag, data) =>
  Uint8Array.from([...text(tag), ...bytes([data.length, 4]), ...data, ...(data.length % 2 ? [0] : [])]);

/** Numbers as [value, count of bytes], little-endian. */
const bytes = (...numbers) =>
  Uint8Array.from(
    numbers.flatMap(([value, count]) => Array.from({ length: count }, (_, i) => (value >>> (8 * i)) & 255)),
  );
