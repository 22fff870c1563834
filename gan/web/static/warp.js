// OpenCV's resize and warpAffine, as gan/model/face_finder.py uses them. Pictures are RGBA: see resize.js.

/** cv2.resize with INTER_AREA where the picture becomes smaller. */
export function shrunk(picture, width, height) {
  const [across, down] = [areas(picture.width, width), areas(picture.height, height)];
  const line = 4 * width;
  const [data, sums] = [new Uint8ClampedArray(line * height), new Float32Array(line)];
  // bytes round to even; where 2 * 2 pixels become one OpenCV rounds up
  const up = picture.width === 2 * width && picture.height === 2 * height ? 0.1 : 0;
  for (let y = 0; y < height; y++) {
    sums.fill(up);
    for (const [row, share] of down[y]) addRow(sums, picture.data, 4 * row * picture.width, across, share);
    data.set(sums, y * line);
  }
  return { width, height, data };
}

function addRow(sums, data, from, across, share) {
  for (let x = 0; x < across.length; x++) {
    for (const [column, part] of across[x]) {
      const [at, weight] = [from + 4 * column, share * part];
      for (let c = 0; c < 4; c++) sums[4 * x + c] += weight * data[at + c];
    }
  }
}

/** cv2.resize with INTER_LINEAR, in its integers: shares in 2048ths, and two roundings. */
export function enlarged(picture, width, height) {
  const [across, down] = [neighbours(picture.width, width), neighbours(picture.height, height)];
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (const column of across) {
      for (let c = 0; c < 4; c++) {
        const at = (row, k) => picture.data[4 * (row * picture.width + column[k][0]) + c] * column[k][1];
        const parts = down[y].map(([row, share]) => (share * ((at(row, 0) + at(row, 1)) >> 4)) >> 16);
        data[to++] = (parts[0] + parts[1] + 2) >> 2;
      }
    }
  }
  return { width, height, data };
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
    const [near, share] = [Math.floor(at), Math.round(2048 * (at % 1))];
    return [[near, 2048 - share], [Math.min(near + 1, length - 1), share]];
  });
}

// warpAffine tells 32 places between two pixels apart, and sums what a place is made of in 1024ths
const [STEPS, PARTS] = [32, 1024];
/** Shares of the pixels around a place by how far it is beyond one of them: bilinear, and cubic with a = -0.75. */
const LINEAR = Array.from({ length: STEPS }, (_, step) => [1 - step / STEPS, step / STEPS]);
const CUBIC = Array.from({ length: STEPS }, (_, step) => cubic(step / STEPS));

function cubic(t) {
  const a = -0.75;
  const near = (x) => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x) => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  const first = [far(t + 1), near(t), near(1 - t)];
  return [...first, 1 - first[0] - first[1] - first[2]];
}

/** A square of a picture, turned upright: side * side pixels, bilinear or cubic; pixels at the edges are repeated. */
export function upright(picture, { left, top, side: length, roll }, side, { smooth = false } = {}) {
  const step = length / side;
  const [cosine, sine] = [Math.cos((roll * Math.PI) / 180) * step, Math.sin((roll * Math.PI) / 180) * step];
  const first = 0.5 - side / 2; // the middle of the first pixel; OpenCV counts from the middles of pixels
  const [startX, startY] = [
    left + length / 2 + (cosine - sine) * first - 0.5,
    top + length / 2 + (sine + cosine) * first - 0.5,
  ];
  const parts = (value) => Math.round(value * PARTS);
  const steps = (sum) => (sum + PARTS / STEPS / 2) >> 5;
  const data = new Uint8ClampedArray(4 * side * side);
  for (let y = 0, to = 0; y < side; y++) {
    const [u, v] = [parts(startX - sine * y), parts(startY + cosine * y)];
    for (let x = 0; x < side; x++, to += 4) {
      blend(data, to, picture, steps(u + parts(cosine * x)), steps(v + parts(sine * x)), smooth ? CUBIC : LINEAR);
    }
  }
  return { width: side, height: side, data };
}

/** u, v: where a pixel lies, in steps. */
function blend(data, to, { width, height, data: from }, u, v, table) {
  const [across, down] = [table[u & (STEPS - 1)], table[v & (STEPS - 1)]];
  const before = across.length / 2 - 1;
  const [left, top] = [(u >> 5) - before, (v >> 5) - before];
  let [red, green, blue] = [0, 0, 0];
  for (let y = 0; y < down.length; y++) {
    const row = Math.min(Math.max(top + y, 0), height - 1) * width;
    for (let x = 0; x < across.length; x++) {
      const at = 4 * (row + Math.min(Math.max(left + x, 0), width - 1));
      const share = down[y] * across[x];
      red += share * from[at];
      green += share * from[at + 1];
      blue += share * from[at + 2];
    }
  }
  // bytes round halves to even, and OpenCV rounds them up
  [data[to], data[to + 1], data[to + 2], data[to + 3]] = [red + 1e-4, green + 1e-4, blue + 1e-4, 255];
}
