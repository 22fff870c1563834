// A file that a visitor chose → its pixels, as the server reads them; for a worker.

const [MOST_BYTES, MOST_PIXELS] = [20 * 2 ** 20, 65e6]; // as on the server

/** A picture file → ImageData, upright, over white. Throws an Error with one sentence where it cannot be read. */
export async function pixelsOf(file) {
  if (file.size > MOST_BYTES) {
    throw new Error(`This file is larger than ${MOST_BYTES / 2 ** 20} MB: use a smaller picture.`);
  }
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" }).catch(() => {
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
