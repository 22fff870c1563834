// PNG and animated PNG: w3.org/TR/png-3. A canvas writes neither texts nor animations, and some browsers add noise to what
// is read from one.
import { crc32 } from "./crc32.js";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const PAETH = 4;
const RGB = 2;

/** A picture → PNG file, with a tEXt chunk for each text, in ASCII, by keyword. */
export async function png(image, texts = {}) {
  const said = Object.entries(texts).map(([keyword, text]) => chunk("tEXt", ascii(`${keyword}\0${text}`)));
  return file([header(image), ...said, chunk("IDAT", await compressed(image))]);
}

/** Pictures of one size → animated PNG, which plays again and again, or once. */
export async function animatedPng(images, milliseconds, loop) {
  const [first] = images;
  const parts = [header(first), chunk("acTL", numbers([images.length, 4], [loop ? 0 : 1, 4]))];
  let sequence = 0;
  for (const image of images) {
    const place = [
      [first.width, 4],
      [first.height, 4],
      [0, 4],
      [0, 4],
    ];
    parts.push(chunk("fcTL", numbers([sequence++, 4], ...place, [milliseconds, 2], [1000, 2], [0, 1], [0, 1])));
    const data = await compressed(image);
    if (image === first) parts.push(chunk("IDAT", data));
    else parts.push(chunk("fdAT", joined(numbers([sequence++, 4]), data)));
  }
  return file(parts);
}

const file = (chunks) => new Blob([new Uint8Array(SIGNATURE), ...chunks, chunk("IEND", [])], { type: "image/png" });
const header = ({ width, height }) =>
  chunk("IHDR", numbers([width, 4], [height, 4], [8, 1], [RGB, 1], [0, 1], [0, 1], [0, 1]));
const ascii = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Numbers as [value, count of bytes], big-endian. */
const numbers = (...given) =>
  given.flatMap(([value, count]) =>
    Array.from({ length: count }, (_, i) => Math.floor(value / 256 ** (count - 1 - i)) % 256),
  );

function joined(...parts) {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((place, part) => (bytes.set(part, place), place + part.length), 0);
  return bytes;
}

function chunk(type, data) {
  const named = joined(ascii(type), data);
  return joined(numbers([data.length, 4]), named, numbers([crc32(named), 4]));
}

/** The rows of a picture, each filtered by Paeth's predictor, which suits faces, and compressed. */
async function compressed({ width, height, data }) {
  const row = 1 + 3 * width;
  const bytes = new Uint8Array(row * height);
  const at = (x, y, channel) => (x < 0 || y < 0 ? 0 : data[4 * (y * width + x) + channel]);
  for (let y = 0; y < height; y++) {
    bytes[y * row] = PAETH;
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const predicted = paeth(at(x - 1, y, channel), at(x, y - 1, channel), at(x - 1, y - 1, channel));
        bytes[y * row + 1 + 3 * x + channel] = at(x, y, channel) - predicted;
      }
    }
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function paeth(left, above, corner) {
  const [a, b, c] = [left, above, corner].map((value) => Math.abs(left + above - corner - value));
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}
