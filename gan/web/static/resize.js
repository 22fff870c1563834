// Pillow's resize and reduce, to the byte. A picture is { width, height, data }: RGBA bytes, as an ImageData.

const BITS = 22; // of a weight's fraction
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
export const LANCZOS = { reach: 3, at: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) };

/** Image.resize([width, height], LANCZOS, box, reducing_gap). box: [left, top, right, bottom]; gap 0: none. */
export function resize(picture, width, height, box = [0, 0, picture.width, picture.height], gap = 0) {
  const scale = [(box[2] - box[0]) / width, (box[3] - box[1]) / height];
  const factors = scale.map((each) => (gap && Math.trunc(each / gap)) || 1);
  if (Math.max(...factors) > 1) {
    const around = safeBox(picture, box, scale);
    picture = reduce(picture, ...factors, around);
    box = box.map((value, i) => (value - around[i % 2]) / factors[i % 2]);
  }
  const across = weights(picture.width, box[0], box[2], width);
  const down = weights(picture.height, box[1], box[3], height);
  const first = down[0].first;
  const rows = down.at(-1).first + down.at(-1).shares.length - first;
  return vertical(horizontal(picture, across, first, rows), down, first);
}

/** The part of a picture that a box with the reach of the filter around it covers. */
function safeBox({ width, height }, [left, top, right, bottom], scale) {
  const [x, y] = scale.map((each) => (LANCZOS.reach - 0.5) * each);
  return [
    Math.max(0, Math.trunc(left - x)),
    Math.max(0, Math.trunc(top - y)),
    Math.min(width, Math.ceil(right + x)),
    Math.min(height, Math.ceil(bottom + y)),
  ];
}

/** For each pixel that is made: the first that it is made of, and the shares of that and the next ones. */
function weights(length, start, end, count) {
  [start, end] = [Math.fround(start), Math.fround(end)];
  const scale = Math.fround(end - start) / count;
  const wide = Math.max(scale, 1);
  const reach = LANCZOS.reach * wide;
  return Array.from({ length: count }, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(length, Math.trunc(centre + reach + 0.5));
    const exact = Array.from({ length: last - first }, (_, x) => LANCZOS.at((x + first - centre + 0.5) * (1 / wide)));
    const sum = exact.reduce((total, value) => total + value, 0) || 1;
    const shares = Int32Array.from(exact, (value) => rounded((value / sum) * 2 ** BITS));
    return { first, shares };
  });
}

const rounded = (value) => Math.trunc(value < 0 ? value - 0.5 : value + 0.5);

function horizontal({ width, data }, across, top, rows) {
  const made = new Uint8ClampedArray(4 * across.length * rows);
  for (let y = 0, to = 0; y < rows; y++) {
    for (const { first, shares } of across) {
      const from = 4 * ((y + top) * width + first);
      for (let c = 0; c < 4; c++) {
        let sum = 2 ** (BITS - 1);
        for (let k = 0; k < shares.length; k++) sum += data[from + c + 4 * k] * shares[k];
        made[to++] = sum >> BITS;
      }
    }
  }
  return { width: across.length, height: rows, data: made };
}

function vertical({ width, data }, down, top) {
  const line = 4 * width;
  const made = new Uint8ClampedArray(line * down.length);
  down.forEach(({ first, shares }, y) => {
    const from = (first - top) * line;
    for (let x = 0; x < line; x++) {
      let sum = 2 ** (BITS - 1);
      for (let k = 0; k < shares.length; k++) sum += data[from + x + k * line] * shares[k];
      made[y * line + x] = sum >> BITS;
    }
  });
  return { width, height: down.length, data: made };
}

/** Image.reduce((across, down), box): means of blocks, of which those at the right and lower edges may be smaller. */
export function reduce(picture, across, down, box = [0, 0, picture.width, picture.height]) {
  const [left, top, right, bottom] = box;
  const [width, height] = [Math.ceil((right - left) / across), Math.ceil((bottom - top) / down)];
  const data = new Uint8ClampedArray(4 * width * height);
  const sums = new Uint32Array(4);
  for (let y = 0, to = 0; y < height; y++) {
    const rows = Math.min(down, bottom - top - y * down);
    for (let x = 0; x < width; x++, to += 4) {
      const columns = Math.min(across, right - left - x * across);
      addUp(sums, picture, left + x * across, top + y * down, columns, rows);
      const count = rows * columns;
      const share = Math.trunc(Math.fround(2 ** 32 / Math.fround(256 * count)));
      for (let c = 0; c < 4; c++) data[to + c] = Math.floor(((sums[c] + (count >> 1)) * share) / 2 ** 24);
    }
  }
  return { width, height, data };
}

function addUp(sums, { width, data }, left, top, columns, rows) {
  sums.fill(0);
  for (let y = top; y < top + rows; y++) {
    for (let at = 4 * (y * width + left), end = at + 4 * columns; at < end; at += 4) {
      sums[0] += data[at];
      sums[1] += data[at + 1];
      sums[2] += data[at + 2];
      sums[3] += data[at + 3];
    }
  }
}
