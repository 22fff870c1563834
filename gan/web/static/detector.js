// The detector: a discriminator with the evidence of each place. gan/model/detector.py and traces.face_features.
import { Discriminator } from "./discriminator.js";
import { Filters } from "./filters.js";
import { numbers, read } from "./safetensors.js";

export const [REAL, GENERATED, UNCLEAR] = ["likely real", "likely generated", "can't tell"];
const SHARPER = 2; // how often the difference from a blur over five pixels is added
const signed = (byte) => Math.fround(Math.fround(byte / 127.5) - 1);

export class Detector {
  /** module: filters.wasm, compiled; file: bytes of detector.safetensors; settings: of its config. */
  constructor(module, file, settings) {
    const { tensors } = read(file, "detector.safetensors");
    this.resolution = settings.resolution;
    this.filters = new Filters(module);
    this.discriminator = new Discriminator(this.filters, tensors, "discriminator.", settings);
    this.weights = numbers(tensors.get("discriminator.judge.weight"));
    [this.bias] = numbers(tensors.get("discriminator.judge.bias"));
  }

  /** Pictures → evidence { width, height, values }, the mean over all and their mirror images. */
  evidence(pictures) {
    const each = pictures.flatMap((picture) => [this.places(picture), flipped(this.places(mirrored(picture)))]);
    const values = each[0].values.map((_, i) => each.reduce((sum, one) => sum + one.values[i], 0) / each.length);
    return { ...each[0], values };
  }

  /** The evidence of each place of a picture: all add up to its logit. */
  places(picture) {
    return this.filters.during(() => {
      const features = this.discriminator.lastFeatures(this.sharpened(picture));
      const { width, height, channels } = features;
      const numbers = this.filters.numbers(features);
      const values = Array.from({ length: width * height }, (_, i) => {
        const at = ((Math.floor(i / width) + 1) * (width + 2) + (i % width) + 1) * channels;
        let sum = this.bias / (width * height);
        for (let c = 0; c < channels; c++) sum += numbers[at + c] * this.weights[i * channels + c];
        return sum;
      });
      return { width, height, values };
    });
  }

  sharpened(picture) {
    const { width, height } = picture;
    const [plain, sharp] = [this.filters.input(picture, signed), this.filters.field(width, height, 4)];
    const from = this.filters.numbers(plain);
    const to = this.filters.numbers(sharp).fill(0);
    const at = (x, y) => 4 * ((inside(y, height) + 1) * (width + 2) + inside(x, width) + 1);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let i = 0; i < 25; i++) sum += from[at(x + (i % 5) - 2, y + Math.floor(i / 5) - 2) + c];
          const value = from[at(x, y) + c];
          to[at(x, y) + c] = value + SHARPER * (value - sum / 25);
        }
      }
    }
    return sharp;
  }

  /** Features of a face by which unlike ones are told: of each channel the mean and the largest, in logarithms. */
  faceFeatures(picture) {
    return this.filters.during(() => {
      const field = this.discriminator.lastFeatures(this.filters.input(picture, signed));
      const { width, height, channels } = field;
      const numbers = this.filters.numbers(field);
      const means = new Float32Array(channels);
      const most = new Float32Array(channels).fill(-Infinity);
      for (let y = 1; y <= height; y++) {
        for (let x = 1; x <= width; x++) {
          const at = (y * (width + 2) + x) * channels;
          for (let c = 0; c < channels; c++) {
            means[c] += numbers[at + c] / (width * height);
            most[c] = Math.max(most[c], numbers[at + c]);
          }
        }
      }
      return [...means, ...most].map((value) => Math.sign(value) * Math.log1p(Math.abs(value)));
    });
  }
}

/** A place beyond the edge is reflected at the pixel there. */
const inside = (at, length) => (at < 0 ? -at : at < length ? at : 2 * length - 2 - at);

export function mirrored({ width, height, data }) {
  const from = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const made = from.map((_, i) => from[i - (i % width) + width - 1 - (i % width)]);
  return { width, height, data: new Uint8ClampedArray(made.buffer) };
}

const flipped = ({ width, height, values }) => ({
  width,
  height,
  values: values.map((_, i) => values[i - (i % width) + width - 1 - (i % width)]),
});

/** The verdict, and what decided it: detector.decide, whose names they have.
 *  ours, unseen: probabilities; calibration: of the detector; limits: that of the traces, or null where there are none. */
export function decide(ours, calibration, unseen, unlikeness, limits) {
  if (!limits) {
    if (ours >= calibration.generated_from) return [GENERATED, "ours"];
    return [UNCLEAR, ours > calibration.real_up_to ? "some of ours" : "untrained"];
  }
  if (ours >= limits.ours_from) return [GENERATED, "ours"];
  if (unlikeness >= limits.unlike_from) return [UNCLEAR, "unlike"];
  if (unseen >= limits.generated_from) return [GENERATED, "traces"];
  if (ours > calibration.real_up_to) return [UNCLEAR, "some of ours"];
  return unseen <= limits.real_up_to ? [REAL, "few traces"] : [UNCLEAR, "some traces"];
}
