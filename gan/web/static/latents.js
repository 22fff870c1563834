// Points to latents, and paths between latents: gan/model/latents.py.
import { isPlace } from "./point.js";

/** The latent of a seed, Float32Array(dim): numpy.random.RandomState(seed).standard_normal(dim), number by number. */
export function fromSeed(seed, dim) {
  const next = mersenneTwister(seed);
  // 53 random bits, in [0, 1)
  const uniform = () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
  const latent = new Float32Array(dim);
  for (let i = 0; i < dim; i += 2) {
    // Marsaglia and Bray 1964, the polar method; of each pair NumPy returns the second first
    let x, y, square;
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    latent[i] = scale * y;
    if (i + 1 < dim) latent[i + 1] = scale * x;
  }
  return latent;
}

/** Matsumoto and Nishimura 1998, MT19937, seeded with one number → a function that returns 32 random bits. */
function mersenneTwister(seed) {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  let at = 624;
  const renew = () => {
    for (let i = 0; i < 624; i++) {
      const bits = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
      state[i] = state[(i + 397) % 624] ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0);
    }
    at = 0;
  };
  return () => {
    if (at === 624) renew();
    let bits = state[at++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  };
}

/** The latent of a point, Float32Array(dim). */
export function ofPoint(point, dim) {
  return isPlace(point) ? slerp(ofPoint(point.left, dim), ofPoint(point.right, dim), point.t) : fromSeed(point, dim);
}

/** Spherical interpolation from start (t = 0) to end (t = 1), Float32Arrays of one length. */
export function slerp(start, end, t) {
  const cosine = dot(start, end) / (norm(start) * norm(end));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  // between parallel latents there is no unique great circle; a straight line is right
  const [from, to] = sine < 1e-6 ? [1 - t, t] : [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
  return start.map((value, i) => from * value + to * end[i]);
}

/** The inner product of a vector with as many numbers of another one. */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export const norm = (vector) => Math.sqrt(dot(vector, vector));
