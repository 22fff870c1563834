// What a generator is, by the header of its file: gan/model/settings.py and gan/model/weights.py.
import { numbers } from "./safetensors.js";

const MOST_MULTIPLICATIONS = 1e11; // of a face: tens of seconds; 1024 px at the default widths take 3e10

/** How variation works: it pulls features to their mean, or (first weights) scales latents. */
export const [FEATURES_TO_MEAN, SCALED_LATENT] = ["first_features_towards_mean", "scale_latent"];

/** Side lengths in pixels that the network climbs, smallest first: 150 → [3, 5, 10, 19, 38, 75, 150]. */
export function ladder(resolution) {
  const sizes = [resolution];
  while (sizes[0] > 4) sizes.unshift(Math.ceil(sizes[0] / 2));
  return sizes;
}

/** The metadata of generator.safetensors → { resolution, latentDim, widths, skips, variation }.
 *  Throws an Error with one sentence where they describe no generator of this version. */
export function settingsOf(metadata, name) {
  let header;
  try {
    header = JSON.parse(metadata.seedfaces);
    const { resolution, latent_dim: latentDim, widths, skips = false } = header.model;
    const settings = { resolution, latentDim, widths, skips, variation: header.variation };
    if (isPossible(settings)) return settings;
  } catch {
    // it has no such parts
  }
  throw new Error(
    `${name} does not say in its header how it is built, or says what this page does not know: ` +
      "it is of a newer SeedFaces, or not of SeedFaces.",
  );
}

function isPossible({ resolution, latentDim, widths, skips, variation }) {
  const within = (value, least, most) => Number.isInteger(value) && least <= value && value <= most;
  return (
    within(resolution, 16, 1024) &&
    within(latentDim, 1, 4096) &&
    widths.length === ladder(resolution).length - 1 &&
    widths.every((width) => within(width, 1, 4096)) &&
    typeof skips === "boolean" &&
    [FEATURES_TO_MEAN, SCALED_LATENT].includes(variation)
  );
}

/** Multiplications that a face takes. */
function multiplications({ resolution, latentDim, widths }) {
  const sizes = ladder(resolution);
  const steps = widths.map((width, k) => 4 * sizes[k + 1] ** 2 * width * (widths[k + 1] ?? 3));
  return steps.reduce((sum, step) => sum + step, sizes[0] ** 2 * widths[0] * latentDim);
}

/** The tensors of a generator: name → shape. */
function shapesOf({ resolution, latentDim, widths, skips, variation }) {
  const sizes = ladder(resolution);
  const shapes = { "project.weight": [sizes[0] ** 2 * widths[0], latentDim] };
  const addNorm = (name, width) => {
    for (const part of ["weight", "bias", "running_mean", "running_var"]) shapes[`${name}.${part}`] = [width];
    shapes[`${name}.num_batches_tracked`] = [];
  };
  addNorm("project_norm", widths[0]);
  widths.forEach((width, k) => {
    const kernel = sizes[k + 1] % 2 === 0 ? 4 : 3;
    const last = k === widths.length - 1;
    shapes[last ? "to_rgb.weight" : `steps.${k}.0.weight`] = [width, last ? 3 : widths[k + 1], kernel, kernel];
    if (!last) addNorm(`steps.${k}.1`, widths[k + 1]);
    if (skips) Object.assign(shapes, { [`skips.${k}.weight`]: [3, width, 1, 1], [`skips.${k}.bias`]: [3] });
  });
  if (variation === FEATURES_TO_MEAN) shapes.mean_features = [widths[0], sizes[0], sizes[0]];
  return shapes;
}

/** The tensors of a generator's file → Map of name → Float32Array.
 *  Throws an Error with one sentence where a tensor is missing, differs in shape or type, or is not finite, or where a
 *  face would take minutes. */
export function weightsOf(tensors, settings, name) {
  if (multiplications(settings) > MOST_MULTIPLICATIONS) {
    throw new Error(`${name} is too large for this page: a face would take minutes. Take smaller weights.`);
  }
  const shapes = shapesOf(settings);
  const differs = (key) => {
    const found = tensors.get(key);
    const isWhole = key.endsWith("num_batches_tracked");
    return !found || !shapes[key] || String(found.shape) !== String(shapes[key]) || (found.dtype === "I64") !== isWhole;
  };
  const wrong = [...new Set([...Object.keys(shapes), ...tensors.keys()])].find(differs);
  if (wrong !== undefined) {
    throw new Error(`${name} does not fit its own header: ${wrong.slice(0, 100)} differs in name, shape or type.`);
  }
  const fractions = [...tensors].filter(([, { dtype }]) => dtype !== "I64");
  const weights = new Map(fractions.map(([key, tensor]) => [key, numbers(tensor)]));
  if (![...weights.values()].every(allFinite)) {
    throw new Error(`${name} holds numbers that are not finite: copy it again, or train again.`);
  }
  return weights;
}

function allFinite(values) {
  // 0 times anything else is NaN
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += 0 * values[i];
  return sum === 0;
}
