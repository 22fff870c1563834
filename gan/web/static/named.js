// Which seed's face a picture is, by the indices of all weights of the page: gan/serve/finder.py, named and closest.
import * as face from "./face.js";
import { loaded } from "./frame.js";
import { decode } from "./link.js";
import * as models from "./models.js";
import { opener } from "./photos.js";

const SAME_FROM = 0.975; // likeness from which a picture is called that of a seed: docs/find.md
const POSSIBLE = 0.82; // similarity to a seed's face from which a picture is compared with it
const ALMOST = 0.9; // likeness from which another generator may have made the picture
const open = new Map(); // opener of an index by the id of its weights
const there = new Set(); // ids of the weights whose index is loaded

/** Loads the index of an entry, once → a promise of a function: message → the worker's answer. */
export async function openIndex({ id, index }) {
  if (!open.has(id)) open.set(id, opener("openFinder", () => index, async () => ({ id })));
  const ask = await open.get(id)();
  there.add(id);
  return (message) => ask({ id, ...message });
}

/** The view of a few faces as they were trained. */
export const plain = (entry, seeds) => ({ ...decode("seeds=0").view, seeds, weights: entry.id });

/** Whether the index in which pictures are looked up first is loaded. */
export const isReady = () => models.indexed().slice(0, 1).every(({ id }) => there.has(id));

/** Megabytes of indices that may have to be loaded for a name. */
export const missing = () =>
  models.indexed().reduce((sum, { id, indexMegabytes }) => sum + (there.has(id) ? 0 : indexMegabytes), 0);

/** The seed whose face a picture shows, as it was made or saved again: as `closest`; null where there is none. */
export async function named(squares) {
  const best = await closest(squares);
  return best?.likeness >= SAME_FROM ? best : null;
}

/** The seed whose face is most like a picture in its details: { likeness, seed, weights }; null where none is like it.
 *  Other indices than the first are loaded only for a picture that is almost that of a seed: generators that grew from
 *  one another make similar faces of it.
 *  squares: as the photo worker answers them. */
export async function closest(squares) {
  let best = null;
  for (const entry of models.indexed()) {
    const found = await closestOf(entry, squares);
    if (found && !(best?.likeness >= found.likeness)) best = found;
    if (!(best?.likeness >= ALMOST)) break;
  }
  return best;
}

/** The same among the seeds of some weights. */
async function closestOf(entry, squares) {
  const ask = await openIndex(entry);
  const { seen, seeds, similarity } = await ask({ task: "candidates", squares });
  if (similarity < POSSIBLE) return null;
  await loaded(entry, new AbortController().signal);
  const view = plain(entry, seeds);
  const faces = await face.drawAll(seeds.map((seed) => face.faceOf(face.queryOf(view, seed))));
  const alike = await ask({ task: "likenesses", square: seen, faces });
  const likeness = Math.max(...alike);
  return { likeness, seed: seeds[alike.indexOf(likeness)], weights: entry.id };
}
