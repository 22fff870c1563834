// Which seeds' faces look like a face, and whose face it is: gan/model/seed_index.py and gan/serve/finder.py.
import { Discriminator } from "./discriminator.js";
import * as finder from "./face_finder.js";
import { Filters } from "./filters.js";
import { resize } from "./resize.js";
import { numbers, read } from "./safetensors.js";
import { likeness } from "./same_face.js";

const TRUNK = { resolution: 64, widths: [256, 128, 64, 32], discriminator_norm: "batch", skips: true };
const SIZE = TRUNK.resolution; // pixels at which faces are described
const NUMBERS = 32; // in a description
const SHOWN = 12; // seeds
const CANDIDATES = 4; // seeds whose faces are compared with a picture
const MOST_FACES = 12; // of a photo that are looked for, the largest
const signed = (byte) => Math.fround(Math.fround(byte / 127.5) - 1);

export class Finder {
  /** module: filters.wasm, compiled; files: bytes { descriptor, seeds } of a weights folder. */
  constructor(module, files) {
    const { tensors } = read(files.descriptor, "descriptor.safetensors");
    this.filters = new Filters(module);
    this.trunk = new Discriminator(this.filters, tensors, "trunk.", TRUNK);
    this.last = numbers(tensors.get("trunk.judge.weight"));
    this.photographs = numbers(tensors.get("photographs"));
    this.generated = numbers(tensors.get("generated"));
    const { bytes } = read(files.seeds, "seeds.safetensors").tensors.get("rows");
    this.rows = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** What was found for each of the faces in a picture, largest first: { face, description, seeds, alike }. */
  found(picture, faces) {
    return faces.slice(0, MOST_FACES).map((each) => {
      const face = finder.movedInto(picture, each);
      const description = this.described(finder.cut(picture, face, SIZE), this.photographs);
      return { face, description, ...this.nearest(description, SHOWN) };
    });
  }

  /** Squares of a picture that the generator may have made → { seen, seeds, similarity }: the one that is most like faces
   *  of its seeds, those seeds, and how much the first is, -1 to 1. */
  candidates(squares) {
    const all = squares.map((seen) => {
      const { seeds, alike } = this.nearest(this.described(seen, this.generated), CANDIDATES);
      return { seen, seeds, similarity: alike[0] };
    });
    return all.reduce((one, other) => (other.similarity > one.similarity ? other : one));
  }

  /** How much generated faces are like a face of that description, -1 to 1. */
  alike(pictures, description) {
    return pictures.map((picture) => {
      const own = this.described(sized(picture), this.generated);
      return own.reduce((sum, value, i) => sum + value * description[i], 0);
    });
  }

  /** A picture of 64 * 64 pixels → 32 numbers of length 1. centre: the mean of such pictures. */
  described(picture, centre) {
    return this.filters.during(() => {
      const { width, height, channels, ...field } = this.trunk.lastFeatures(this.filters.input(picture, signed));
      const features = this.filters.numbers({ width, height, channels, ...field });
      const sums = Array.from(centre, (value) => -value);
      for (let i = 0, at = 0; i < NUMBERS; i++) {
        for (let place = 0; place < width * height; place++) {
          const from = ((Math.floor(place / width) + 1) * (width + 2) + (place % width) + 1) * channels;
          for (let c = 0; c < channels; c++) sums[i] += features[from + c] * this.last[at++];
        }
      }
      const length = Math.hypot(...sums);
      return sums.map((value) => value / length);
    });
  }

  /** The seeds whose descriptions are most like one, most alike first, and how much, -1 to 1. */
  nearest(description, most) {
    const count = this.rows.length / NUMBERS;
    const alike = new Float32Array(count);
    for (let seed = 0, at = 0; seed < count; seed++) {
      let sum = 0;
      for (let i = 0; i < NUMBERS; i++) sum += this.rows[at++] * description[i];
      alike[seed] = sum / 127;
    }
    const least = alike.toSorted()[Math.max(0, count - most)];
    const seeds = [];
    alike.forEach((value, seed) => value >= least && seeds.push(seed));
    seeds.sort((one, other) => alike[other] - alike[one] || one - other);
    const best = seeds.slice(0, most);
    return { seeds: best, alike: best.map((seed) => alike[seed]) };
  }
}

const sized = (picture) => (picture.width === SIZE ? picture : resize(picture, SIZE, SIZE));

/** Squares of a picture that may be the face of a seed: its largest face, and its middle, where generators have theirs. */
export function squaresOf(picture, faces) {
  // surroundings that a generator did not make would mislead the descriptor
  const squares = [...faces.slice(0, 1).map((face) => finder.inner(face, picture)), finder.middle(picture)];
  return squares.map((square) => finder.cut(picture, square, SIZE));
}

/** How alike a square and each of some faces are in their details: see same_face.js. */
export const likenesses = (square, faces) => faces.map((face) => likeness(square, sized(face)));
