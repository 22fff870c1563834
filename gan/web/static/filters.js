// Layers of the networks that look at pictures, on filters.wasm: engine/filters.c.
import { Memory } from "./layers.js";

export const [RELU, LEAKY, NOTHING] = [0, Math.fround(0.2), 1]; // slopes: see engine/block.h
const multiple = (count, of) => Math.ceil(count / of) * of;

/** A field is { at, width, height, channels }: see filters.c. */
export class Filters {
  constructor(module) {
    this.memory = new Memory(new WebAssembly.Instance(module).exports);
  }

  /** Calls a function whose fields are given back afterwards, so that only the largest picture takes memory. */
  during(work) {
    const { top } = this.memory;
    try {
      return work();
    } finally {
      this.memory.top = top;
    }
  }

  field(width, height, channels) {
    return { at: this.memory.reserve((width + 2) * (height + 2) * channels), width, height, channels };
  }

  /** The numbers of a field, [y][x][channel] with a border of one pixel. */
  numbers({ at, width, height, channels }) {
    return this.memory.floats(at, (width + 2) * (height + 2) * channels);
  }

  /** A picture as a field of 4 channels, 0 beyond its edges. value: a byte and its channel, 0 to 2 → a number. */
  input({ width, height, data }, value, [right, bottom] = [width, height], channels = [0, 1, 2]) {
    const field = this.field(right, bottom, 4);
    const numbers = this.numbers(field).fill(0);
    for (let y = 0; y < height; y++) {
      let [to, from] = [((y + 1) * (right + 2) + 1) * 4, 4 * y * width];
      for (let x = 0; x < width; x++, to += 4, from += 4) {
        for (let c = 0; c < 3; c++) numbers[to + c] = value(data[from + channels[c]]);
      }
    }
    return field;
  }

  /** A convolution's weights [output][input][y][x], multiplied by `scale` for each output, and its bias. */
  layer(weights, inputs, kernel, bias, { stride = 1, padding = 0, slope = NOTHING, scale = null }) {
    const outputs = bias.length;
    const [padded, channels] = [multiple(inputs, inputs > 4 ? 8 : 4), multiple(outputs, 8)];
    const packed = new Float32Array(channels * kernel ** 2 * padded);
    for (let o = 0, from = 0; o < outputs; o++) {
      const block = Math.floor(o / 8) * kernel ** 2 * padded * 8 + (o % 8);
      for (let i = 0; i < inputs; i++) {
        for (let tap = 0; tap < kernel ** 2; tap++, from++) {
          packed[block + (tap * padded + i) * 8] = weights[from] * (scale ? scale[o] : 1);
        }
      }
    }
    const how = { outputs, channels, kernel, stride, padding, slope };
    return { ...how, weights: this.memory.put(packed), bias: this.memory.put(filled(bias, channels)) };
  }

  run({ channels, kernel, stride, padding, weights, bias, slope }, from) {
    const after = (length) => Math.floor((length + 2 * padding - kernel) / stride) + 1;
    const to = this.field(after(from.width), after(from.height), channels);
    const size = [from.at, from.width, from.height, from.channels];
    this.memory.engine.filter(...size, to.at, channels, kernel, stride, padding, weights, bias, slope);
    return to;
  }

  /** Weights [channel][3][3] of a convolution of each channel on its own, and its bias. */
  channelLayer(weights, bias, slope) {
    const channels = multiple(bias.length, 8);
    const packed = new Float32Array(9 * channels);
    weights.forEach((value, i) => (packed[(i % 9) * channels + Math.floor(i / 9)] = value));
    return { weights: this.memory.put(packed), bias: this.memory.put(filled(bias, channels)), slope };
  }

  runChannels({ weights, bias, slope }, from) {
    const to = this.field(from.width, from.height, from.channels);
    this.memory.engine.filter_channels(from.at, from.width, from.height, from.channels, to.at, weights, bias, slope);
    return to;
  }

  halve(from) {
    const to = this.field(from.width / 2, from.height / 2, from.channels);
    this.memory.engine.halve(from.at, from.width, from.height, from.channels, to.at);
    return to;
  }

  /** to += from, each of whose values counts for factor * factor pixels. */
  addRepeated(from, to, factor) {
    this.memory.engine.add_repeated(from.at, from.width, from.height, from.channels, to.at, factor);
    return to;
  }
}

function filled(values, length) {
  const longer = new Float32Array(length);
  longer.set(values);
  return longer;
}
