// Discriminators on filters.wasm: gan/model/networks.py. The detector is one, and so is what describes faces for Find.
import { LEAKY, NOTHING } from "./filters.js";
import { numbers } from "./safetensors.js";
import { ladder } from "./settings.js";

const EPSILON = 1e-5; // of BatchNorm

export class Discriminator {
  /** tensors: see safetensors.js; prefix: of their names; settings: { resolution, widths, discriminator_norm, skips }
   *  of a config. */
  constructor(filters, tensors, prefix, { resolution, widths, discriminator_norm: norm, skips }) {
    this.filters = filters;
    const values = (name) => numbers(tensors.get(prefix + name));
    const sizes = ladder(resolution).reverse();
    const channels = [3, ...widths.toReversed()];
    // the sum of a step and its shortcut has twice the variance
    const share = skips ? Math.SQRT1_2 : 1;
    this.steps = channels.slice(1).map((width, k) => {
      const plain = { scale: null, shift: norm === "batch" ? new Float32Array(width) : values(`steps.${k}.0.bias`) };
      const { scale, shift } = norm === "batch" && k ? normOf(values, `steps.${k}.1`, share) : plain;
      const how = { stride: 2, padding: 1, slope: LEAKY, scale };
      return filters.layer(values(`steps.${k}.0.weight`), channels[k], sizes[k] % 2 ? 3 : 4, shift, how);
    });
    // the mean of 2 * 2 pixels and then a kernel of 1 are one kernel of 2
    this.shortcuts = channels.slice(skips ? 2 : channels.length).map((width, k) => {
      const spread = values(`shortcuts.${k}.1.weight`);
      const kernel = Float32Array.from({ length: 4 * spread.length }, (_, i) => (spread[i >> 2] * share) / 4);
      return filters.layer(kernel, channels[k + 1], 2, new Float32Array(width), { stride: 2, slope: NOTHING });
    });
  }

  /** A picture as a field → the coarsest features, a field. */
  lastFeatures(picture) {
    const { filters } = this;
    let features = filters.run(this.steps[0], picture);
    this.steps.slice(1).forEach((step, k) => {
      const next = filters.run(step, features);
      features = this.shortcuts.length ? filters.addRepeated(filters.run(this.shortcuts[k], features), next, 1) : next;
    });
    return features;
  }
}

/** BatchNorm as what values are multiplied by and what is added then, both times `share`. */
function normOf(values, name, share) {
  const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
    values(`${name}.${part}`),
  );
  const scale = Array.from(weight, (value, c) => (share * value) / Math.sqrt(variance[c] + EPSILON));
  return { scale, shift: Float32Array.from(bias, (value, c) => share * value - mean[c] * scale[c]) };
}
