// Directions in latent space, loaded: gan/model/weights.py, load_directions.
import { ATTRIBUTES } from "./look.js";
import { numbers, read } from "./safetensors.js";

/** Bytes of directions.safetensors → { attribute: Float32Array(latentDim) }, in the order of ATTRIBUTES; those of a
 *  newer version are left out. Throws an Error with one sentence where the file is damaged or does not fit. */
export function directionsOf(bytes, latentDim, name) {
  const { tensors } = read(bytes, name);
  const directions = {};
  for (const attribute of ATTRIBUTES.filter((each) => tensors.has(each))) {
    const tensor = tensors.get(attribute);
    const fits = tensor.dtype === "F32" && tensor.shape.length === 1 && tensor.shape[0] === latentDim;
    const vector = fits && numbers(tensor);
    if (!fits || !vector.every(Number.isFinite)) {
      throw new Error(`${name} does not fit the generator beside it: ${attribute} differs in shape or type.`);
    }
    directions[attribute] = vector;
  }
  return directions;
}
