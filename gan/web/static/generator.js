// A generator on engine.wasm, built from the published file: gan/model/networks.py.
import { LayerBuilder } from "./layers.js";
import { read } from "./safetensors.js";
import { ladder, SCALED_LATENT, settingsOf, weightsOf } from "./settings.js";

export class Generator {
  /** module: engine.wasm, compiled; file: bytes of generator.safetensors; name: what errors call the file.
   *  Throws an Error with one sentence where the file is damaged or does not fit. */
  constructor(module, file, name) {
    const { metadata, tensors } = read(file, name);
    this.settings = settingsOf(metadata, name);
    const { resolution, latentDim, widths, skips, variation } = this.settings;
    const build = new LayerBuilder(module, weightsOf(tensors, this.settings, name));
    this.memory = build.memory;
    this.latents = build.plane(1, latentDim);
    this.features = ladder(resolution).slice(0, -1).map((size, k) => build.plane(size, widths[k]));
    this.picture = build.plane(resolution, 3);
    this.project = build.project(this.latents, this.features[0]);
    this.steps = this.features.slice(1).map((output, k) => build.step(k, this.features[k], output));
    this.toRgb = build.toRgb(this.features.at(-1), this.picture);
    this.skips = skips ? this.features.map((input, k) => build.skip(k, input)) : [];
    this.mean = variation === SCALED_LATENT ? null : build.meanFeatures(this.features[0]);
    this.colours = this.memory.reserve(resolution ** 2);
  }

  /** The face of a latent, Float32Array → RGBA bytes, Uint8ClampedArray(resolution² * 4). */
  face(latent, variation) {
    const { engine } = this.memory;
    const { resolution } = this.settings;
    this.setLatent(this.mean ? latent : latent.map((value) => value * variation));
    this.run(this.project);
    if (this.mean && variation !== 1) this.pullToMean(variation);
    for (const step of this.steps) this.run(step);
    this.run(this.toRgb);
    this.skips.forEach((skip, k) => {
      this.run(skip);
      if (k) this.addEnlarged(this.skips[k - 1].output, skip.output);
    });
    if (this.skips.length) this.addEnlarged(this.skips.at(-1).output, this.picture);
    engine.to_rgba(this.picture.at, resolution, this.colours);
    return new Uint8ClampedArray(engine.memory.buffer, this.colours, 4 * resolution ** 2).slice();
  }

  setLatent(latent) {
    const { at, channels } = this.latents;
    // the pixel in the middle of 3 * 3
    this.memory.floats(at + 4 * 4 * channels, latent.length).set(latent);
  }

  run({ input, output, kernel, stride, padding, weights, bias, least }) {
    const from = [input.at, input.size, input.channels];
    const to = [output.at, output.channels];
    this.memory.engine.convolve(...from, ...to, kernel, stride, padding, weights, bias, least);
  }

  addEnlarged(picture, larger) {
    this.memory.engine.add_enlarged(picture.at, picture.size, larger.at, larger.size);
  }

  pullToMean(variation) {
    const features = this.memory.floats(this.features[0].at, this.mean.length);
    this.mean.forEach((average, i) => {
      // above 1 features may become negative, which the next layers have never seen
      features[i] = Math.max(0, average + variation * (features[i] - average));
    });
  }
}
