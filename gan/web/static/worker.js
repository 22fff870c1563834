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
    return { settings: generator.settings, batch: generator.batch, attributes: Object.keys(directions) };
  },

  /** Points, no more than a batch, and a look → RGBA bytes of each face. */
  draw({ points, look }) {
    const { latentDim } = generator.settings;
    const latents = points.map((point) => moved(ofPoint(point, latentDim), look, directions));
    return generator.faces(latents, look.variation);
  },
};

onmessage = ({ data: { task, ...rest } }) => {
  try {
    const answer = tasks[task](rest);
    postMessage({ answer }, Array.isArray(answer) ? answer.map((face) => face.buffer) : []);
  } catch (error) {
    postMessage({ error: error.message });
  }
};
