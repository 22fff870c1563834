// YuNet, OpenCV's FaceDetectorYN: boxes, landmarks and scores of what may be faces.
import { Filters, NOTHING, RELU } from "./filters.js";
import { numbers, read } from "./safetensors.js";

const SEEN = 0.5; // score
const OVERLAP = 0.3; // of two boxes, from which the one with the lower score goes
const BACKBONE = 11; // units before the necks
const STRIDES = [8, 16, 32]; // pixels between places
const BLUE_FIRST = [2, 1, 0];

export class YuNet {
  /** module: filters.wasm, compiled; file: bytes of yunet.safetensors, which gan.web.build writes. */
  constructor(module, file) {
    const tensors = read(file, "yunet.safetensors").tensors;
    const values = (name) => numbers(tensors.get(name));
    const filters = (this.filters = new Filters(module));
    const how = { stride: 2, padding: 1, slope: RELU };
    this.stem = filters.layer(values("stem.weight"), 3, 3, values("stem.bias"), how);
    this.units = Array.from({ length: BACKBONE + 6 }, (_, k) => {
      const slope = k < BACKBONE + 3 ? RELU : NOTHING; // the last three are heads
      const [points, each] = ["points", "each"].map((name) =>
        ["weight", "bias"].map((part) => values(`${k}.${name}.${part}`)),
      );
      const inputs = points[0].length / points[1].length;
      return [filters.layer(points[0], inputs, 1, points[1], {}), filters.channelLayer(...each, slope)];
    });
  }

  /** What may be faces in a picture: { box: [left, top, width, height], marks: [x, y] of both eyes, the nose, and both
   *  corners of the mouth, score }. */
  detect(picture) {
    const size = [picture.width, picture.height].map((length) => 32 * Math.ceil(length / 32));
    return this.filters.during(() => {
      const heads = this.run(this.filters.input(picture, (value) => value, size, BLUE_FIRST));
      return best(heads.flatMap((head, k) => this.decoded(head, STRIDES[k])));
    });
  }

  unit(k, field) {
    const [points, each] = this.units[k];
    return this.filters.runChannels(each, this.filters.run(points, field));
  }

  /** A picture → the output at each stride. */
  run(picture) {
    const { filters } = this;
    const after = (field, ...units) => units.reduce((before, k) => this.unit(k, before), field);
    const first = filters.halve(after(filters.run(this.stem, picture), 0));
    const fine = after(filters.halve(after(first, 1, 2, 3, 4)), 5, 6);
    const middle = after(filters.halve(fine), 7, 8);
    const coarse = after(filters.halve(middle), 9, 10, BACKBONE);
    const medium = after(filters.addRepeated(coarse, middle, 2), BACKBONE + 1);
    const finest = after(filters.addRepeated(medium, fine, 2), BACKBONE + 2);
    return [finest, medium, coarse].map((field, k) => this.unit(BACKBONE + 3 + k, field));
  }

  /** An output → what has a score of `SEEN`. Channels: class, object, box (4), landmarks (10). */
  decoded(head, stride) {
    const values = this.filters.numbers(head);
    const found = [];
    for (let y = 0; y < head.height; y++) {
      for (let x = 0; x < head.width; x++) {
        const at = ((y + 1) * (head.width + 2) + x + 1) * head.channels;
        const score = Math.sqrt(sigmoid(values[at]) * sigmoid(values[at + 1]));
        if (!(score >= SEEN)) continue;
        const [shiftX, shiftY, wide, high, ...marks] = values.slice(at + 2, at + 16);
        const [width, height] = [Math.exp(wide) * stride, Math.exp(high) * stride];
        const box = [(x + shiftX) * stride - width / 2, (y + shiftY) * stride - height / 2, width, height];
        const pairs = [0, 2, 4, 6, 8].map((k) => [(x + marks[k]) * stride, (y + marks[k + 1]) * stride]);
        found.push({ box, marks: pairs, score });
      }
    }
    return found;
  }
}

const sigmoid = (value) => 1 / (1 + Math.exp(-value));

/** Those that no better one overlaps, the best first. */
function best(faces) {
  const kept = [];
  for (const face of faces.sort((one, other) => other.score - one.score)) {
    if (kept.every((other) => overlap(face.box, other.box) <= OVERLAP)) kept.push(face);
  }
  return kept;
}

/** The share of what two boxes cover that both cover; OpenCV takes their whole pixels. */
function overlap(one, other) {
  const [a, b] = [one, other].map((box) => box.map(Math.trunc));
  const [across, down] = [0, 1].map((i) => Math.min(a[i] + a[i + 2], b[i] + b[i + 2]) - Math.max(a[i], b[i]));
  const both = Math.max(across, 0) * Math.max(down, 0);
  return both / (a[2] * a[3] + b[2] * b[3] - both) || 0;
}
