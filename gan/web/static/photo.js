// A file that a visitor chose → its pixels, as the server reads them; for a worker.

const [MOST_BYTES, MOST_PIXELS] = [20 * 2 ** 20, 65e6]; // as on the server
const HEAD = 2 ** 18; // bytes of a file in which its ICC profile begins, if it has one
const PROFILE = /ICC_PROFILE\0|iCCP|ICCP|colr(prof|rICC)/; // in JPEG, PNG, WebP, AVIF
const SAME = 2; // levels by which profiles of sRGB differ from each other

/** A picture file → ImageData in sRGB, upright, over white. Throws an Error with one sentence where it cannot be read. */
export async function pixelsOf(file) {
  if (file.size > MOST_BYTES) {
    throw new Error(`This file is larger than ${MOST_BYTES / 2 ** 20} MB: use a smaller picture.`);
  }
  // what else a file says of colours, such as gAMA in PNG, does not count on the server
  const plain = await decoded(file, "none");
  if (!PROFILE.test(new TextDecoder("latin1").decode(await file.slice(0, HEAD).arrayBuffer()))) return plain;
  const converted = await decoded(file, "default");
  // pixels of a picture that says it is sRGB stay as they are, bit for bit
  return plain.data.some((value, i) => Math.abs(value - converted.data[i]) > SAME) ? converted : plain;
}

async function decoded(file, colorSpaceConversion) {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion }).catch(() => {
    throw new Error(
      "This browser cannot read this file as a picture: use JPEG, PNG, WebP, GIF, BMP or AVIF. Few browsers read " +
        "TIFF or HEIC.",
    );
  });
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) {
    throw new Error(`This picture has more than ${MOST_PIXELS / 1e6} million pixels: use a smaller one.`);
  }
  try {
    const canvas = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = "#fff";
    canvas.fillRect(0, 0, width, height);
    canvas.drawImage(bitmap, 0, 0);
    return canvas.getImageData(0, 0, width, height);
  } catch {
    throw new Error("This picture is too large for this browser: use a smaller one.");
  } finally {
    bitmap.close();
  }
}
