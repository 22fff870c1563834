// What a worker needs before it can begin: files, and the engine; and how it is asked.
import { sha256 } from "./sha256.js";

const MOST_BYTES = 64e6; // of a file; 1024 px at the default widths take 42 MB
const ID = 12; // hex digits of a file's sha256: what a link names

/** A message to a worker → its answer. A worker is asked one thing at a time. */
export function ask(worker, message) {
  return new Promise((resolve, reject) => {
    worker.reject = reject;
    worker.onmessage = ({ data: { answer, error } }) => (error ? reject(new Error(error)) : resolve(answer));
    worker.onerror = () => reject(new Error("A part of this page could not be loaded: reload it."));
    worker.postMessage(message);
  });
}

/** engine.wasm or filters.wasm, compiled. Throws an Error with one sentence where that is not possible. */
export async function engine(name) {
  const { bytes } = await fetched(new URL(name, import.meta.url));
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new Error("This browser cannot run WebAssembly with SIMD, which makes the faces: take a newer one.", {
      cause: error,
    });
  }
}

/** A file → { bytes, name, id }. Throws an Error with one sentence where it cannot be had or is too large. */
export async function fetched(address) {
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
