// Are two pictures the same picture of a face, whatever was done to the file and however it was cut?
// gan/model/same_face.py. A field is { side, values }: a grey picture, side * side numbers.

const [STEPS, ENOUGH] = [40, 1e-4]; // of the alignment, at most; change at which it ends
const [FINE, COARSE] = [0.8, 5]; // pixels: finer differences come from files, coarser ones from light
const INNER = 0.12; // of the side: what lies at the edges may not be in both
const SMOOTH = [0.25, 0.5, 0.25]; // before the alignment
const AS_IT_IS = [1, 0, 0, 0, 1, 0];

/** How alike two pictures of a face of one size are in their details once the second lies on the first: -1 to 1. */
export function likeness(one, other) {
  const [fixed, moved] = [one, other].map((picture) => blurred(greyOf(picture), gauss(FINE)));
  const map = alignment(blurred(fixed, SMOOTH), blurred(moved, SMOOTH));
  if (!map) return -1; // they have nothing in common
  const { side } = fixed;
  const placed = { side, values: Float64Array.from(fixed.values, (_, i) => valueAt(moved, ...placeOf(i, side, map))) };
  const [first, second] = [fixed, placed].map((field) => {
    const coarse = blurred(field, gauss(COARSE)).values;
    return field.values.map((value, i) => value - coarse[i]);
  });
  const edge = Math.round(INNER * side);
  const isInner = (at) => at >= edge && at < side - edge;
  const isInside = (at) => at > -0.01 && at < side - 0.99;
  const inner = [...first.keys()].filter((i) => isInner(i % side) && isInner(Math.floor(i / side)));
  const seen = inner.filter((i) => placeOf(i, side, map).every(isInside));
  return seen.length < inner.length / 2 ? -1 : correlation(seen.map((i) => first[i]), seen.map((i) => second[i]));
}

/** OpenCV's grey. */
function greyOf({ width, data }) {
  const grey = (_, i) => (9798 * data[4 * i] + 19235 * data[4 * i + 1] + 3735 * data[4 * i + 2] + 2 ** 14) >> 15;
  return { side: width, values: Float64Array.from({ length: width * width }, grey) };
}

/** The kernel of a Gaussian blur, as wide as OpenCV's. */
function gauss(sigma) {
  const reach = Math.round(8 * sigma + 1) >> 1;
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)));
  const sum = kernel.reduce((total, value) => total + value, 0);
  return kernel.map((value) => value / sum);
}

/** A field through a kernel along both axes; a place beyond an edge is reflected at the pixel there. */
function blurred({ side, values }, kernel) {
  const inside = (at) => (at < 0 ? -at : at < side ? at : 2 * side - 2 - at);
  const along = (from, step, across) =>
    from.map((_, i) => {
      const at = Math.floor(i / step) % side;
      const start = i - at * step;
      return kernel.reduce((sum, part, k) => sum + part * from[start + step * inside(at + k - (kernel.length >> 1))], 0);
    });
  return { side, values: along(along(values, 1), side) };
}

/** Where a pixel lies by an affine map [a, b, c, d, e, f]: x and y. */
function placeOf(i, side, [a, b, c, d, e, f]) {
  const [x, y] = [i % side, Math.floor(i / side)];
  return [a * x + b * y + c, d * x + e * y + f];
}

/** The value of a field at a place between its pixels; those at the edges are repeated. */
function valueAt({ side, values }, x, y) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, low] = [x - left, y - top];
  const within = (at) => Math.min(Math.max(at, 0), side - 1);
  const row = (down) => {
    const start = side * within(top + down);
    return (1 - right) * values[start + within(left)] + right * values[start + within(left + 1)];
  };
  return (1 - low) * row(0) + low * row(1);
}

/** The affine map from places in `fixed` to places in `moved` at which the two correlate most; null where there is none.
 *  ECC: Evangelidis and Psarakis 2008, https://doi.org/10.1109/TPAMI.2008.113, as in OpenCV. */
function alignment(fixed, moved) {
  const slopes = slopesOf(moved);
  let map = AS_IT_IS;
  for (let step = 0, before = 0, found = -1; step < STEPS && Math.abs(found - before) >= ENOUGH; step++) {
    const { hessian, image, template, ofImage, ofTemplate, both } = sums(fixed, moved, slopes, map);
    [before, found] = [found, both / Math.sqrt(image * template)];
    const [alongImage, alongTemplate] = [ofImage, ofTemplate].map((projection) => solved(hessian, projection));
    // the contrast that makes the template most like the image
    const contrast = (image - dot(ofImage, alongImage)) / (both - dot(ofTemplate, alongImage));
    if (!(contrast > 0)) return null;
    map = map.map((value, k) => value + contrast * alongTemplate[k] - alongImage[k]);
  }
  return map;
}

/** The slopes of a field along x and along y, 0 at its edges. */
function slopesOf({ side, values }) {
  const [right, down] = [1, side].map((step) =>
    values.map((_, i) => {
      const at = Math.floor(i / step) % side;
      return at > 0 && at < side - 1 ? (values[i + step] - values[i - step]) / 2 : 0;
    }),
  );
  return [right, down].map((slope) => ({ side, values: slope }));
}

/** What a step of the alignment is made of. Of both pictures, without their means, where they overlap: sums of squares
 *  `image` and `template` and of products `both`; and their products with the derivatives of the image by the numbers of
 *  the map, `ofImage`, `ofTemplate`, and of those with each other, `hessian`. */
function sums(fixed, moved, slopes, map) {
  const { side } = fixed;
  const overlapping = [];
  for (let i = 0; i < side * side; i++) {
    const place = placeOf(i, side, map);
    if (place.every((at) => at >= -0.5 && at < side - 0.5)) overlapping.push([i, place]);
  }
  const rows = overlapping.map(([i, place]) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    const [right, down] = slopes.map((slope) => valueAt(slope, ...place));
    const image = valueAt(moved, ...place);
    return [right * x, right * y, right, down * x, down * y, down, image, fixed.values[i]];
  });
  for (const column of [6, 7]) {
    const mean = rows.reduce((sum, row) => sum + row[column], 0) / rows.length;
    for (const row of rows) row[column] -= mean;
  }
  const products = Array.from({ length: 8 }, () => new Float64Array(8));
  for (const row of rows) for (let j = 0; j < 8; j++) for (let k = 0; k < 8; k++) products[j][k] += row[j] * row[k];
  const hessian = products.slice(0, 6).map((row) => row.slice(0, 6));
  const [ofImage, ofTemplate] = products.slice(6).map((row) => row.slice(0, 6));
  return { hessian, ofImage, ofTemplate, image: products[6][6], template: products[7][7], both: products[6][7] };
}

const dot = (one, other) => one.reduce((sum, value, i) => sum + value * other[i], 0);

/** The vector that a symmetric positive matrix takes to another one, by elimination. */
function solved(matrix, vector) {
  const rows = matrix.map((row, i) => [...row, vector[i]]);
  rows.forEach((row, i) => {
    const scaled = (rows[i] = row.map((value) => value / row[i]));
    rows.forEach((other, j) => j !== i && (rows[j] = other.map((value, k) => value - other[i] * scaled[k])));
  });
  return rows.map((row) => row.at(-1));
}

/** Pearson's. */
function correlation(one, other) {
  const [first, second] = [one, other].map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  });
  return dot(first, second) / Math.sqrt(dot(first, first) * dot(second, second));
}
