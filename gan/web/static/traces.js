// Traces of any generator: power spectra at native resolution, and how unlike known faces a face is:
// gan/model/traces.py.
import { rounded } from "./face_finder.js";
import { resize } from "./resize.js";
import { numbers, read } from "./safetensors.js";

const [BLOCK, STEP, MOST] = [32, 16, 320]; // side and distance of blocks, and a square's largest side, pixels
const HALF = BLOCK / 2;
// Hann's window, sampled between its zeros
const WINDOW = Float32Array.from({ length: BLOCK }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / BLOCK) ** 2);
const COSINE = Float64Array.from({ length: BLOCK }, (_, i) => Math.cos((2 * Math.PI * i) / BLOCK));
const SINE = Float64Array.from({ length: BLOCK }, (_, i) => Math.sin((2 * Math.PI * i) / BLOCK));

export class Traces {
  /** file: bytes of traces.safetensors. */
  constructor(file) {
    const { tensors } = read(file, "traces.safetensors");
    for (const name of ["weight", "bias", "centre", "spread", "directions"]) this[name] = numbers(tensors.get(name));
  }

  /** The pixels of a square → the evidence of its blocks { width, height, values }, which add up to its logit. */
  evidence(pixels) {
    const channels = channelsOf(pixels);
    const [width, height] = [channels.width, channels.height].map((length) => Math.floor((length - BLOCK) / STEP) + 1);
    const values = Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [STEP * (i % width), STEP * Math.floor(i / width)];
      const sums = channels.values.map((channel, c) => this.weighed(powers(channel, channels.width, x, y), c));
      return (sums.reduce((sum, value) => sum + value, 0) + this.bias[0]) / (width * height);
    });
    return { width, height, values };
  }

  /** The power of frequencies, [row][column], in logarithms, weighed for one of three channels. */
  weighed(power, channel) {
    let sum = 0;
    for (let row = 0, at = channel * (HALF + 1) ** 2; row <= HALF; row++) {
      // rows of a frequency and of its negative are alike on average
      const other = (BLOCK - row) % BLOCK;
      for (let column = 0; column <= HALF; column++, at++) {
        const both = power[row * (HALF + 1) + column] + power[other * (HALF + 1) + column];
        sum += this.weight[at] * Math.log1p(both / 2);
      }
    }
    return sum;
  }

  /** How far a face is from those it knows, by its features: see Detector. */
  unlikeness(features) {
    const { centre, spread, directions } = this;
    const count = centre.length;
    const known = features.map((value, i) => (value - centre[i]) / spread[i]);
    const rest = Float64Array.from(known);
    for (let from = 0; from < directions.length; from += count) {
      let along = 0;
      for (let i = 0; i < count; i++) along += known[i] * directions[from + i];
      for (let i = 0; i < count; i++) rest[i] -= along * directions[from + i];
    }
    return Math.sqrt(rest.reduce((sum, value) => sum + value ** 2, 0) / count);
  }
}

/** The pixels of a square as they are in a picture, neither turned nor interpolated; larger squares than 320 pixels are
 *  reduced. */
export function native(picture, square) {
  const [left, top, side] = [square.left, square.top, square.side].map(rounded);
  const [x, y] = [Math.max(left, 0), Math.max(top, 0)];
  const [width, height] = [Math.min(left + side, picture.width) - x, Math.min(top + side, picture.height) - y];
  const data = new Uint8ClampedArray(4 * width * height);
  for (let row = 0; row < height; row++) {
    const from = 4 * ((y + row) * picture.width + x);
    data.set(picture.data.subarray(from, from + 4 * width), 4 * row * width);
  }
  const cropped = { width, height, data };
  const scale = Math.min(1, MOST / Math.max(width, height));
  if (scale === 1) return cropped;
  return resize(cropped, ...[width, height].map((length) => Math.max(1, rounded(length * scale))));
}

/** Brightness, red against green and blue against green of a picture, which is mirrored up to the size of a block. */
function channelsOf({ width, height, data }) {
  const [wide, high] = [Math.max(width, BLOCK), Math.max(height, BLOCK)];
  const values = [0, 1, 2].map(() => new Float32Array(wide * high));
  for (let i = 0; i < wide * high; i++) {
    const at = 4 * (reflected(Math.floor(i / wide), height) * width + reflected(i % wide, width));
    const [red, green, blue] = [data[at], data[at + 1], data[at + 2]];
    values[0][i] = 0.299 * red + 0.587 * green + 0.114 * blue;
    values[1][i] = red - green;
    values[2][i] = blue - green;
  }
  return { width: wide, height: high, values };
}

/** NumPy's "symmetric": the edge is repeated. */
function reflected(at, length) {
  const place = at % (2 * length);
  return place < length ? place : 2 * length - 1 - place;
}

/** The power of each frequency of a block, [row][column]: 32 * 17. */
function powers(channel, width, left, top) {
  let mean = 0;
  for (let y = 0; y < BLOCK; y++) for (let x = 0; x < BLOCK; x++) mean += channel[(top + y) * width + left + x];
  mean /= BLOCK ** 2;
  const [real, imaginary] = [new Float64Array(BLOCK * (HALF + 1)), new Float64Array(BLOCK * (HALF + 1))];
  for (let y = 0; y < BLOCK; y++) {
    for (let x = 0; x < BLOCK; x++) {
      const value = (channel[(top + y) * width + left + x] - mean) * WINDOW[x] * WINDOW[y];
      for (let k = 0, at = y * (HALF + 1); k <= HALF; k++, at++) {
        const angle = (k * x) % BLOCK;
        real[at] += value * COSINE[angle];
        imaginary[at] -= value * SINE[angle];
      }
    }
  }
  return Float64Array.from(real, (_, i) => columnPower(real, imaginary, Math.floor(i / (HALF + 1)), i % (HALF + 1)));
}

function columnPower(real, imaginary, frequency, column) {
  let [a, b] = [0, 0];
  for (let y = 0, at = column; y < BLOCK; y++, at += HALF + 1) {
    const angle = (frequency * y) % BLOCK;
    a += real[at] * COSINE[angle] + imaginary[at] * SINE[angle];
    b += imaginary[at] * COSINE[angle] - real[at] * SINE[angle];
  }
  return a * a + b * b;
}
