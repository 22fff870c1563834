// Faces of points, on several cores: what the page calls.
import { ask, engine, fetched } from "./load.js";

/** Workers for this device; each takes about 50 MB. */
export function workersHere() {
  return Math.min(/Mobi|Android/.test(navigator.userAgent) ? 2 : 4, navigator.hardwareConcurrency || 2);
}

export class Faces {
  /** Load a generator.
   *  generator, directions: addresses of safetensors files as they are published; null: nothing can be moved.
   *  id: first 12 hex digits of the sha256 that the generator's file must have; "": any.
   *  Throws an Error with one sentence where a file cannot be had, is damaged, or is another one. */
  static async open({ generator, directions = null, id = "", workers = workersHere() }) {
    const files = [engine("engine.wasm"), fetched(generator), directions && fetched(directions)];
    const [module, weights, along] = await Promise.all(files);
    if (id && weights.id !== id) {
      throw new Error(`${generator} has changed: it is ${weights.id}, not ${id}. Its faces would be others.`);
    }
    const faces = new Faces();
    const starts = Array.from({ length: workers }, () => faces.#start({ task: "open", module, weights, along }));
    try {
      // the first that is ready begins; a phone may have no memory for more
      return Object.assign(faces, { id: weights.id, settings: await Promise.any(starts) });
    } catch ({ errors }) {
      faces.close();
      throw errors[0];
    }
  }

  id; // first 12 hex digits of the sha256 of the generator's file: what a link names
  settings; // { resolution, latentDim, widths, skips, variation }
  #workers = [];
  #idle = [];
  #jobs = []; // { point, look, along, signal, resolve, reject }: what no worker has begun

  /** Points and a look → ImageData of each, in their order. Attributes without a direction are left out.
   *  along: { bytes, name } of the directions that the look names, if they are not those that were opened.
   *  An aborted signal drops what no worker has begun, and the promise is rejected with the signal's reason. */
  async draw(points, look, { signal, along = null } = {}) {
    if (!this.#workers.length) throw closed();
    const job = (point) =>
      new Promise((resolve, reject) => this.#jobs.push({ point, look, along, signal, resolve, reject }));
    const drawn = Promise.all(points.map(job));
    this.#next();
    const { resolution } = this.settings;
    return (await drawn).map((face) => new ImageData(face, resolution, resolution));
  }

  /** End the workers. What was not drawn is rejected. */
  close() {
    this.#workers.forEach((worker) => worker.terminate());
    this.#workers.forEach((worker) => worker.reject?.(closed()));
    this.#jobs.forEach(({ reject }) => reject(closed()));
    this.#workers = this.#idle = this.#jobs = [];
  }

  /** A new worker with the weights, ready to draw → what it says of them. */
  async #start(message) {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.#workers.push(worker);
    try {
      const opened = await ask(worker, message);
      this.#idle.push(worker);
      this.#next();
      return opened;
    } catch (error) {
      worker.terminate();
      this.#workers = this.#workers.filter((other) => other !== worker);
      throw error;
    }
  }

  /** Give jobs to the workers that have none. */
  #next() {
    for (const { signal, reject } of this.#jobs) if (signal?.aborted) reject(signal.reason);
    this.#jobs = this.#jobs.filter(({ signal }) => !signal?.aborted);
    while (this.#idle.length && this.#jobs.length) this.#run(this.#idle.pop(), this.#jobs.shift());
  }

  async #run(worker, { point, look, along, resolve, reject }) {
    await ask(worker, { task: "draw", point, look, along }).then(resolve, reject);
    this.#idle.push(worker);
    this.#next();
  }
}

const closed = () => new DOMException("These weights were closed.", "AbortError");
