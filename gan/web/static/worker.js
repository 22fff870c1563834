// One core: draws faces of points. Messages: { task, … } → { answer } or { error }, a sentence; one after the other.
import { directionsOf } from "./directions.js";
import { Generator } from "./generator.js";
import { moved, ofPoint } from "./latents.js";

let generator;
let directions;

const tasks = {
  /** module: engine.wasm, compiled; weights, along: { bytes, name } of a generator and of its directions, or null. */
  open({ module, weights, along }) {
    generator = new Generator(module, weights.bytes, weights.name);
    directions = along ? directionsOf(along.bytes, generator.settings.latentDim, along.name) : {};
    return { settings: generator.settings, attributes: Object.keys(directions) };
  },

  /** A point and a look → RGBA bytes of the face. */
  draw({ point, look }) {
    const latent = ofPoint(point, generator.settings.latentDim);
    return generator.face(moved(latent, look, directions), look.variation);
  },
};

onmessage = ({ data: { task, ...rest } }) => {
  try {
    const answer = tasks[task](rest);
    postMessage({ answer }, ArrayBuffer.isView(answer) ? [answer.buffer] : []);
  } catch (error) {
    postMessage({ error: error.message });
  }
};
