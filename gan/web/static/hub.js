// Weights of a public repo on the Hugging Face Hub, as gan.hub pushes them: ?model=user/name or user/name@revision.
import { fetched } from "./load.js";
import { ATTRIBUTES } from "./look.js";
import { read } from "./safetensors.js";

const HUB = "https://huggingface.co";
const NAME = /^([\w.-]+\/[\w.-]+)(?:@([\w.-]+))?$/;

const fileOf = (repo, revision, file) => `${HUB}/${repo}/resolve/${encodeURIComponent(revision)}/${file}`;

/** The entry of the weights in a repo. Throws an Error with one sentence on why they cannot be had. */
export async function fetchEntry(name) {
  const [, repo, revision = "main"] = NAME.exec(name) ?? [];
  if (!repo) throw new Error("Write it as user/name or user/name@revision.");
  return { ...(await entryAt(repo, revision)), name, repo: name, offered: true };
}

/** The entry of the weights of a link in the repo of others: each push is tagged with its generator. Null if none. */
export async function older(current, id) {
  const [, repo] = NAME.exec(current.repo);
  const entry = await entryAt(repo, `g-${id}`);
  return entry.id === id ? { ...entry, name: `${current.name}, older`, offered: false } : null;
}

/** Directions that only older links name, of an entry: { id, moves, file }. Throws an Error where the repo has none. */
export async function olderDirections({ folder }, id) {
  const found = await directionsAt(`${folder}older-directions/${id}.safetensors`);
  if (found.id !== id) throw new Error(`${found.file} is another file than its name says.`);
  return found;
}

async function directionsAt(file) {
  const { bytes, id } = await fetched(file);
  const { tensors } = read(bytes, file);
  return { id, moves: ATTRIBUTES.filter((name) => tensors.has(name)), file };
}

async function entryAt(repo, revision) {
  const folder = fileOf(repo, revision, "");
  const config = await answered(`${folder}config.json`, repo);
  const { sha256 = {}, model = {} } = await config.json().catch(() => ({}));
  const digest = (file) => (/^[0-9a-f]{64}$/.test(sha256[file]) ? sha256[file].slice(0, 12) : "");
  const id = digest("generator.safetensors");
  if (!id || !model.resolution)
    throw new Error(`The repo ${repo} holds no weights of SeedFaces: its config.json names none.`);
  return {
    id,
    resolution: Number(model.resolution),
    folder,
    generator: `${folder}generator.safetensors`,
    directions: digest("directions.safetensors") ? [await directionsAt(`${folder}directions.safetensors`)] : [],
    card: `${HUB}/${repo}`,
  };
}

async function answered(url, repo) {
  let answer;
  try {
    answer = await fetch(url);
  } catch {
    throw new Error("huggingface.co cannot be reached: check the network, then reload the page.");
  }
  if (answer.ok) return answer;
  const missing = [401, 403, 404].includes(answer.status);
  throw new Error(
    missing
      ? `There is no public repo ${repo} with weights on the Hub: check its name.`
      : `huggingface.co answered with ${answer.status}: reload the page in a minute.`,
  );
}
