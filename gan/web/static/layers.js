// Tensors of a generator → layers in the memory of engine.wasm, in the order in which its loops read them.

const EPSILON = 1e-5; // of BatchNorm
const NO_RELU = -3.4e38; // less than any value

/** Memory of an instance of engine.wasm. Nothing is given back: a generator stays as long as its worker. */
class Memory {
  constructor(engine) {
    this.engine = engine;
    this.top = engine.__heap_base.value;
  }

  /** The address of so many numbers of 4 bytes, all 0. Throws an Error with one sentence where there is no room. */
  reserve(count) {
    const address = Math.ceil(this.top / 16) * 16;
    this.top = address + 4 * count;
    const missing = this.top - this.engine.memory.buffer.byteLength;
    try {
      if (missing > 0) this.engine.memory.grow(Math.ceil(missing / 65536));
    } catch {
      throw new Error("These weights need more memory than this page may use: take smaller ones.");
    }
    return address;
  }

  put(values) {
    const address = this.reserve(values.length);
    this.floats(address, values.length).set(values);
    return address;
  }

  floats(address, count) {
    return new Float32Array(this.engine.memory.buffer, address, count);
  }
}

/** A plane is { at, size, channels, width }: see engine.c; width: the network's channels, the others are 0.
 *  A layer is { input, output, kernel, stride, padding, weights, bias, least }: what the engine's convolve takes. */
export class LayerBuilder {
  /** tensors: Map of name → Float32Array. */
  constructor(module, tensors) {
    this.memory = new Memory(new WebAssembly.Instance(module).exports);
    this.tensors = tensors;
  }

  plane(size, width) {
    // the engine takes 8 channels at a time, and 4 of a picture
    const channels = width === 3 ? 4 : Math.ceil(width / 8) * 8;
    return { at: this.memory.reserve((size + 2) ** 2 * channels), size, channels, width };
  }

  /** Latents, a picture of one pixel → the coarsest features. */
  project(input, output) {
    const { size, width } = output;
    const strides = { ky: size * width * input.width, kx: width * input.width, output: input.width, input: 1 };
    const kernel = { data: this.tensors.get("project.weight"), strides, ...this.norm("project_norm") };
    return this.layer(input, output, kernel, { kernel: size, stride: size, padding: 0, least: 0 });
  }

  /** Features → those of the next size. */
  step(k, input, output) {
    const kernel = { data: this.tensors.get(`steps.${k}.0.weight`), ...this.norm(`steps.${k}.1`) };
    return this.upsample(input, output, kernel, 0);
  }

  /** The finest features → the picture. */
  toRgb(input, output) {
    const kernel = { data: this.tensors.get("to_rgb.weight"), scale: [1, 1, 1], shift: [0, 0, 0] };
    return this.upsample(input, output, kernel, NO_RELU);
  }

  upsample(input, output, kernel, least) {
    const side = output.size % 2 === 0 ? 4 : 3;
    const strides = { ky: side, kx: 1, output: side ** 2, input: side ** 2 * output.width };
    return this.layer(input, output, { ...kernel, strides }, { kernel: side, stride: 2, padding: 1, least });
  }

  /** Features → what they add to the picture of their size. */
  skip(k, input) {
    const strides = { ky: 0, kx: 0, output: input.width, input: 1 };
    const shift = this.tensors.get(`skips.${k}.bias`);
    const kernel = { data: this.tensors.get(`skips.${k}.weight`), strides, scale: [1, 1, 1], shift };
    const output = this.plane(input.size, 3);
    return this.layer(input, output, kernel, { kernel: 1, stride: 1, padding: 0, least: NO_RELU });
  }

  /** The mean of the coarsest features, laid out as their plane. */
  meanFeatures({ size, channels, width }) {
    const data = this.tensors.get("mean_features");
    const mean = new Float32Array((size + 2) ** 2 * channels);
    data.forEach((value, i) => {
      const [channel, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
      mean[((y + 1) * (size + 2) + x + 1) * channels + channel] = value;
    });
    return mean;
  }

  /** BatchNorm as what values are multiplied by and what is added then. */
  norm(name) {
    const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      this.tensors.get(`${name}.${part}`),
    );
    const scale = Array.from(weight, (value, c) => value / Math.sqrt(variance[c] + EPSILON));
    return { scale, shift: bias.map((value, c) => value - mean[c] * scale[c]) };
  }

  layer(input, output, kernel, how) {
    const bias = new Float32Array(output.channels);
    bias.set(kernel.shift);
    const size = how.kernel ** 2 * input.channels * output.channels;
    const layer = { input, output, ...how, bias: this.memory.put(bias), weights: this.memory.reserve(size) };
    pack(this.memory.floats(layer.weights, size), layer, kernel);
    return layer;
  }
}

/** Write a kernel as the engine's convolve reads it. strides: how far apart neighbours lie in its data. */
function pack(packed, { input, output, kernel, stride, padding }, { data, strides, scale }) {
  const lanes = output.channels === 4 ? 4 : 8;
  let at = 0;
  for (const [ky, kx, block] of order(kernel, stride, padding, output.channels, lanes)) {
    const used = Math.min(lanes, output.width - block);
    for (let c = 0; c < input.width; c++) {
      const from = ky * strides.ky + kx * strides.kx + c * strides.input;
      for (let lane = 0; lane < used; lane++) {
        packed[at + c * lanes + lane] = data[from + (block + lane) * strides.output] * scale[block + lane];
      }
    }
    at += input.channels * lanes;
  }
}

/** [ky, kx, first output channel] in the order of the engine's convolve: phase by phase, block by block. */
function* order(kernel, stride, padding, channels, lanes) {
  const phases = Array.from({ length: stride }, (_, phase) => {
    const first = (phase + padding) % stride;
    return Array.from({ length: Math.ceil((kernel - first) / stride) }, (_, i) => first + i * stride);
  });
  for (const rows of phases) {
    for (const columns of phases) {
      for (let block = 0; block < channels; block += lanes) {
        for (const ky of rows) for (const kx of columns) yield [ky, kx, block];
      }
    }
  }
}
