// One core: draws faces of points. Messages: { task, … } → { answer } or { error }, a sentence; one after the other.
import { directionsOf, moved } from "./directions.js";
import { Generator } from "./generator.js";
import { ofPoint } from "./latents.js";

let generator;
let directions;

const tasks = {
  /** module: engine.wasm, compiled; weights, along: { bytes, name } of a generator and of its directions, or null. */
  open({ module, weights, along }) {
    generator = new Generator(module, weights.bytes, weights.name);
    directions = along ? ofFile(along) : null;
    return { settings: generator.settings, attributes: Object.keys(directions?.of ?? {}) };
  },

  /** A point and a look → RGBA bytes of the face; along: of other directions, or null. */
  draw({ point, look, along }) {
    const latent = ofPoint(point, generator.settings.latentDim);
    return generator.face(moved(latent, look, along ? ofFile(along) : directions), look.variation);
  },
};

const ofFile = ({ bytes, name }) => directionsOf(bytes, generator.settings.latentDim, name);

onmessage = ({ data: { task, ...rest } }) => {
  try {
    const answer = tasks[task](rest);
    postMessage({ answer }, ArrayBuffer.isView(answer) ? [answer.buffer] : []);
  } catch (error) {
    postMessage({ error: error.message });
  }
};
