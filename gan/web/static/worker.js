// One core: draws faces of points. Messages: { task, … } → { answer } or { error }, a sentence; one after the other.
import { Generator } from "./generator.js";
import { ofPoint } from "./latents.js";
import { movedBy } from "./look.js";

let generator;
let own; // { bytes, name } of the directions that were opened, or null

const tasks = {
  /** module: engine.wasm, compiled; weights, along: { bytes, name } of a generator and of its directions, or null. */
  open({ module, weights, along }) {
    generator = new Generator(module, weights.bytes, weights.name);
    own = along;
    return generator.settings;
  },

  /** A point and a look → RGBA bytes of the face; along: of other directions, or null. */
  async draw({ point, look, along }) {
    const latent = ofPoint(point, generator.settings.latentDim);
    const moves = movedBy(look).length ? await directionsOf(along ?? own) : null;
    return generator.face(moves ? moves(latent, look) : latent, look.variation);
  },
};

const opened = new WeakMap(); // bytes of directions → (latent, look) → the latent moved along them

async function directionsOf(along) {
  if (along && !opened.has(along.bytes)) {
    const { directionsOf, moved } = await import("./directions.js"); // not before it is needed
    const directions = directionsOf(along.bytes, generator.settings.latentDim, along.name);
    opened.set(along.bytes, (latent, look) => moved(latent, look, directions));
  }
  return along && opened.get(along.bytes);
}

onmessage = async ({ data: { task, ...rest } }) => {
  try {
    const answer = await tasks[task](rest);
    postMessage({ answer }, ArrayBuffer.isView(answer) ? [answer.buffer] : []);
  } catch (error) {
    postMessage({ error: error.message });
  }
};
