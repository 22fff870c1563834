// Pixels → other sizes and sheets. A picture is ImageData without transparency.

/** A picture in another size: bicubic and antialiased where it becomes smaller, as Pillow's resize. */
export function resized(image, size) {
  if (size === image.width) return image;
  const taps = tapsOf(image.width, size);
  const across = filtered(image.data, image.height, taps, image.width, true);
  return new ImageData(filtered(across, size, taps, size, false), size, size);
}

/** For each place of the new side the places of the old one that it is made of, and their weights (Keys 1981, a = -0.5). */
function tapsOf(from, to) {
  const scale = Math.max(from / to, 1);
  const cubic = (x) => {
    const d = Math.abs(x);
    if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
    return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
  };
  return Array.from({ length: to }, (_, place) => {
    const centre = ((place + 0.5) * from) / to;
    const first = Math.max(0, Math.floor(centre - 2 * scale + 0.5));
    const last = Math.min(from, Math.floor(centre + 2 * scale + 0.5));
    const weights = Array.from({ length: last - first }, (_, i) => cubic((first + i - centre + 0.5) / scale));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** Pixels filtered along rows (across) or columns, RGBA. `lines`: how many there are of the others; `stride`: of a row of
 *  the pixels given, in pixels. */
function filtered(pixels, lines, taps, stride, across) {
  const side = taps.length;
  const made = new Uint8ClampedArray(lines * side * 4).fill(255);
  const step = across ? 4 : 4 * stride; // from one tap to the next
  for (let line = 0; line < lines; line++) {
    for (let place = 0; place < side; place++) {
      const { first, weights } = taps[place];
      const from = across ? 4 * (line * stride + first) : 4 * (first * stride + line);
      const to = across ? 4 * (line * side + place) : 4 * (place * lines + line);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += weights[i] * pixels[from + i * step + channel];
        made[to + channel] = sum; // rounded and brought into 0 to 255
      }
    }
  }
  return made;
}

/** Pictures of one size side by side, so many in a row; empty places at the end stay white. */
export function sheetOf(images, columns) {
  const side = images[0].width;
  const rows = Math.ceil(images.length / columns);
  const sheet = new ImageData(columns * side, rows * side);
  sheet.data.fill(255);
  images.forEach((image, place) => {
    const left = (place % columns) * side;
    const top = Math.floor(place / columns) * side;
    for (let y = 0; y < image.height; y++) {
      const row = image.data.subarray(4 * y * image.width, 4 * (y + 1) * image.width);
      sheet.data.set(row, 4 * ((top + y) * sheet.width + left));
    }
  });
  return sheet;
}
