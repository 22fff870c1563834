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
    // several faces share each reading of the weights; large faces take too much memory for that
    this.batch = resolution <= 256 ? 4 : 1;
    const build = new LayerBuilder(module, weightsOf(tensors, this.settings, name), this.batch);
    this.memory = build.memory;
    this.latents = build.plane(1, latentDim);
    this.features = ladder(resolution).slice(0, -1).map((size, k) => build.plane(size, widths[k]));
    this.picture = build.plane(resolution, 3);
    this.project = build.project(this.latents, this.features[0]);
    this.steps = this.features.slice(1).map((output, k) => build.step(k, this.features[k], output));
    this.toRgb = build.toRgb(this.features.at(-1), this.picture);
    this.skips = skips ? this.features.map((input, k) => build.skip(k, input)) : [];
    this.mean = variation === SCALED_LATENT ? null : build.meanFeatures(this.features[0]);
    this.colours = this.memory.reserve(this.batch * resolution ** 2);
  }

  /** Faces of up to `batch` latents, Float32Arrays → RGBA bytes of each, Uint8ClampedArray(resolution² * 4). */
  faces(latents, variation) {
    const { engine } = this.memory;
    const { resolution } = this.settings;
    const count = latents.length;
    const scale = this.mean ? 1 : variation;
    latents.forEach((latent, face) => this.setLatent(face, latent, scale));
    this.run(this.project, count);
    if (this.mean && variation !== 1) this.pullToMean(variation, count);
    for (const step of this.steps) this.run(step, count);
    this.run(this.toRgb, count);
    this.skips.forEach((skip, k) => {
      this.run(skip, count);
      if (k) this.addEnlarged(this.skips[k - 1].output, skip.output, count);
    });
    if (this.skips.length) this.addEnlarged(this.skips.at(-1).output, this.picture, count);
    engine.to_rgba(this.picture.at, resolution, count, this.colours);
    const bytes = 4 * resolution ** 2;
    const all = new Uint8ClampedArray(engine.memory.buffer, this.colours, count * bytes);
    return latents.map((_, face) => all.slice(face * bytes, (face + 1) * bytes));
  }

  setLatent(face, latent, scale) {
    const { channels } = this.latents;
    // the pixel in the middle of 3 * 3
    const at = this.latents.at + 4 * (9 * face + 4) * channels;
    this.memory.floats(at, latent.length).set(latent.map((value) => value * scale));
  }

  run({ input, output, kernel, stride, padding, weights, bias, least }, count) {
    const { engine } = this.memory;
    const to = [output.at, output.channels, count, kernel, stride, padding];
    engine.convolve(input.at, input.size, input.channels, ...to, weights, bias, least);
  }

  addEnlarged(picture, larger, count) {
    this.memory.engine.add_enlarged(picture.at, picture.size, larger.at, larger.size, count);
  }

  pullToMean(variation, count) {
    const { mean } = this;
    const features = this.memory.floats(this.features[0].at, count * mean.length);
    for (let i = 0; i < features.length; i++) {
      const average = mean[i % mean.length];
      // above 1 features may become negative, which the next layers have never seen
      features[i] = Math.max(0, average + variation * (features[i] - average));
    }
  }
}
