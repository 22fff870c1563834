// Faces of points, on several cores: what the page calls.
import { sha256 } from "./sha256.js";

const MOST_BYTES = 64e6; // of a file; 1024 px at the default widths take 42 MB
const ID = 12; // hex digits of a file's sha256: what a link names

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
    const files = [engine(), fetched(generator), directions && fetched(directions)];
    const [module, weights, along] = await Promise.all(files);
    if (id && weights.id !== id) {
      throw new Error(`${generator} has changed: it is ${weights.id}, not ${id}. Its faces would be others.`);
    }
    const faces = new Faces();
    const starts = Array.from({ length: workers }, () => faces.#start({ task: "open", module, weights, along }));
    try {
      // the first that is ready begins; a phone may have no memory for more
      const { settings, attributes } = await Promise.any(starts);
      return Object.assign(faces, { id: weights.id, settings, directions: along && { id: along.id, attributes } });
    } catch ({ errors }) {
      faces.close();
      throw errors[0];
    }
  }

  id; // first 12 hex digits of the sha256 of the generator's file: what a link names
  settings; // { resolution, latentDim, widths, skips, variation }
  directions; // { id, attributes }: as a link names them, and the names of what they move; or null
  #workers = [];
  #idle = [];
  #jobs = []; // { point, look, signal, resolve, reject }: what no worker has begun

  /** Points and a look → ImageData of each, in their order. Attributes without a direction are left out.
   *  An aborted signal drops what no worker has begun, and the promise is rejected with the signal's reason. */
  async draw(points, look, { signal } = {}) {
    if (!this.#workers.length) throw closed();
    const job = (point) =>
      new Promise((resolve, reject) => this.#jobs.push({ point, look, signal, resolve, reject }));
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

  async #run(worker, { point, look, resolve, reject }) {
    await ask(worker, { task: "draw", point, look }).then(resolve, reject);
    this.#idle.push(worker);
    this.#next();
  }
}

/** A message to a worker → its answer. A worker is asked one thing at a time. */
function ask(worker, message) {
  return new Promise((resolve, reject) => {
    worker.reject = reject;
    worker.onmessage = ({ data: { answer, error } }) => (error ? reject(new Error(error)) : resolve(answer));
    worker.onerror = () => reject(new Error("A part of this page could not be loaded: reload it."));
    worker.postMessage(message);
  });
}

const closed = () => new DOMException("These weights were closed.", "AbortError");

async function engine() {
  const { bytes } = await fetched(new URL("engine.wasm", import.meta.url));
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new Error("This browser cannot run WebAssembly with SIMD, which makes the faces: take a newer one.", {
      cause: error,
    });
  }
}

/** A file → { bytes, name, id }. Throws an Error with one sentence where it cannot be had or is too large. */
async function fetched(address) {
  const name = String(address);
  const answer = await fetch(address).catch(() => {
    throw new Error(`${name} cannot be reached: look at the address and the connection, and try again.`);
  });
  if (!answer.ok) throw new Error(`${name} cannot be had: the server answers ${answer.status}.`);
  const bytes = await content(answer.body.getReader(), name);
  return { bytes, name, id: await idOf(bytes) };
}

async function content(reader, name) {
  const parts = [];
  let size = 0;
  try {
    for (let part; !(part = await reader.read()).done; size += part.value.length) {
      if (size > MOST_BYTES) break;
      parts.push(part.value);
    }
  } catch {
    throw new Error(`${name} broke off: try again.`);
  }
  if (size > MOST_BYTES) {
    await reader.cancel();
    throw new Error(`${name} is larger than ${MOST_BYTES / 1e6} MB, the most that this page loads: take smaller ones.`);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function idOf(bytes) {
  const digest = crypto.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : sha256(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, ID);
}
