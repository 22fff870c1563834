// OpenCV's resize and warpAffine, as gan/model/face_finder.py uses them. Pictures are RGBA: see resize.js.

/** cv2.resize with INTER_AREA, or INTER_LINEAR where the picture is enlarged (`scale` is 1 or more). */
export function resized(picture, width, height, scale) {
  const taps = scale < 1 ? areas : neighbours;
  const across = taps(picture.width, width);
  const down = taps(picture.height, height);
  const line = 4 * width;
  const [data, sums] = [new Uint8ClampedArray(line * height), new Float32Array(line)];
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (const [row, share] of down[y]) addRow(sums, picture.data, 4 * row * picture.width, across, share);
    data.set(sums, y * line); // rounds to even, as OpenCV does
  }
  return { width, height, data };
}

function addRow(sums, data, from, across, share) {
  for (let x = 0; x < across.length; x++) {
    for (const [column, part] of across[x]) {
      const [at, weight] = [from + 4 * column, share * part];
      for (let c = 0; c < 3; c++) sums[4 * x + c] += weight * data[at + c];
    }
    sums[4 * x + 3] = 255;
  }
}

/** For each pixel that is made: which ones it covers, and their shares. */
function areas(length, count) {
  const scale = length / count;
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [i * scale, Math.min((i + 1) * scale, length)];
    const found = [];
    for (let at = Math.floor(start); at < end; at++) {
      const share = Math.min(at + 1, end) - Math.max(at, start);
      if (share > 1e-3) found.push([at, share / (end - start)]);
    }
    return found;
  });
}

/** For each pixel that is made: the two between which it lies, and their shares. */
function neighbours(length, count) {
  return Array.from({ length: count }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * length) / count - 0.5, 0), length - 1);
    const [near, share] = [Math.floor(at), at % 1];
    return share ? [[near, 1 - share], [near + 1, share]] : [[near, 1]];
  });
}

/** Shares of the pixels around a place by how far it is beyond the second of them: bilinear, and cubic with a = -0.75. */
const linear = (t) => [1 - t, t];
function cubic(t) {
  const a = -0.75;
  const near = (x) => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x) => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  const first = [far(t + 1), near(t), near(1 - t)];
  return [...first, 1 - first[0] - first[1] - first[2]];
}
const STEPS = 32; // places between two pixels that OpenCV's cubic tells apart
const CUBIC = Array.from({ length: STEPS }, (_, step) => cubic(step / STEPS));

/** A square of a picture, turned upright: side * side pixels; those at the edges are repeated. */
export function upright(picture, { left, top, side: length, roll }, side, smooth = false) {
  const step = length / side;
  const [cosine, sine] = [Math.cos((roll * Math.PI) / 180) * step, Math.sin((roll * Math.PI) / 180) * step];
  const data = new Uint8ClampedArray(4 * side * side);
  for (let y = 0, to = 0; y < side; y++) {
    for (let x = 0; x < side; x++, to += 4) {
      const [across, down] = [x + 0.5 - side / 2, y + 0.5 - side / 2];
      let u = left + length / 2 + cosine * across - sine * down - 0.5;
      let v = top + length / 2 + sine * across + cosine * down - 0.5;
      if (smooth) [u, v] = [Math.floor(u * STEPS + 0.5) / STEPS, Math.floor(v * STEPS + 0.5) / STEPS];
      blend(data, to, picture, u, v, smooth);
    }
  }
  return { width: side, height: side, data };
}

function blend(data, to, { width, height, data: from }, u, v, smooth) {
  const [left, top] = [Math.floor(u), Math.floor(v)];
  const shares = (t) => (smooth ? CUBIC[t * STEPS] : linear(t));
  const [across, down] = [shares(u - left), shares(v - top)];
  const before = smooth ? 1 : 0;
  let [red, green, blue] = [0, 0, 0];
  for (let y = 0; y < down.length; y++) {
    const row = Math.min(Math.max(top + y - before, 0), height - 1) * width;
    for (let x = 0; x < across.length; x++) {
      const at = 4 * (row + Math.min(Math.max(left + x - before, 0), width - 1));
      const share = down[y] * across[x];
      red += share * from[at];
      green += share * from[at + 1];
      blue += share * from[at + 2];
    }
  }
  [data[to], data[to + 1], data[to + 2], data[to + 3]] = [red, green, blue, 255];
}
