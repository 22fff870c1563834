// The weights that the page can show: those in its folder, which weights.json lists, and those of a repo on the Hub.
import { Faces } from "./faces.js";
import { fetched } from "./load.js";
import { lookOf, movedBy } from "./look.js";

const MOST_OPEN = 2; // generators in memory: each worker holds a copy
const MOST_PIXELS = 8 * 2 ** 20; // of faces that are kept in memory, 4 bytes each

const NONE = { id: "", moves: [], file: null };

/** What weights.json says: { id, name, resolution, offered, generator, directions, index, about } for each.
 *  directions: { id, moves, file } each, the newest first; the others are for older links. */
let list = [];
/** Label, step and, of some, info of each slider, by the field of a look that it sets. */
export let controls = {};
/** The addresses of what photos are read and judged with, by name. */
export let photoFiles = {};
/** The entry of the weights that are shown where a link names none. */
export let current = null;
const opened = new Map(); // id → promise of its Faces; the one used last at the end
const known = new Map(); // key of a face → its pixels; the one used last at the end
const older = new Map(); // address → promise of a file of directions that only older links name

/** Reads weights.json and, where the page was opened with ?model=user/name, the weights of that repo.
 *  Returns sentences about what could not be had. */
export async function load(repo) {
  const answer = await fetch("weights.json");
  if (!answer.ok) throw new Error(`weights.json could not be loaded (${answer.status}): build the page again.`);
  ({ weights: list, controls, photos: photoFiles } = await answer.json());
  current = list[0];
  if (!repo) return [];
  try {
    const { fetchEntry } = await import("./hub.js");
    current = await fetchEntry(repo);
    list = [current, ...list.filter(({ id }) => id !== current.id)];
    return [];
  } catch (error) {
    return [`The weights of ${repo} could not be loaded, so the page shows its own. ${error.message}`];
  }
}

/** The entries that have an index of seeds, the one that is shown first before others. */
export const indexed = () => list.filter(({ index }) => index);

/** The entry of the weights with that id; the current one if the page does not have them. */
export const of = (id) => list.find((entry) => entry.id === id) ?? current;
export const has = (id) => !id || of(id).id === id;

/** Looks for the weights of a view, and the directions that it names, in the repo of the Hub, where there is one. */
export async function look({ weights, look: { directions } }) {
  if (!current.repo) return;
  const { older, olderDirections } = await import("./hub.js");
  if (!has(weights)) await older(current, weights).then((entry) => entry && list.push(entry), () => {});
  const entry = of(weights);
  if (!directions || !entry.folder || entry.directions.some(({ id }) => id === directions)) return;
  await olderDirections(entry, directions).then((found) => entry.directions.push(found), () => {});
}

/** What a visitor can choose between, small faces first, and the shown ones if a link brought others. */
export function choices(shown) {
  const offered = list.filter((entry) => entry.offered || entry === shown);
  const sizes = offered.filter(({ offered }) => offered).map(({ resolution }) => resolution);
  const alike = (entry) => sizes.filter((size) => size === entry.resolution).length > 1;
  return offered
    .sort((one, other) => one.resolution - other.resolution)
    .map((entry) => {
      const more = !entry.offered ? " · older" : alike(entry) ? ` · ${entry.name}` : "";
      return { id: entry.id, label: `${entry.resolution} px${more}`, chosen: entry === shown };
    });
}

/** The directions that a look names, or else the newest; without id and attributes where there are none. */
export const along = (look, { directions }) => directions.find(({ id }) => id === look.directions) ?? directions[0] ?? NONE;

/** A look as weights can show it, with the directions that it moves along. */
export function fitting(look, entry) {
  const { id, moves } = along(look, entry);
  const lost = movedBy(look).filter((name) => !moves.includes(name));
  return lookOf({ ...look, ...Object.fromEntries(lost.map((name) => [name, 0])), directions: id });
}

/** What of a look weights cannot show, in one sentence; "" where they can show all of it. */
export function cannot(look, entry) {
  const { id, moves } = along(look, entry);
  const lost = movedBy(look).filter((name) => !moves.includes(name));
  const names = lost.length > 1 ? `${lost.slice(0, -1).join(", ")} and ${lost.at(-1)}` : lost[0];
  if (names) return `These weights cannot change ${names}.`;
  const other = look.directions && look.directions !== id;
  return other ? `These weights do not have the directions ${look.directions}.` : "";
}

/** The generator of an entry, loaded; it throws an Error with one sentence where that is not possible. */
export function facesOf(entry) {
  const { id, generator, directions } = entry;
  const found = opened.get(id) ?? Faces.open({ generator, directions: (directions[0] ?? NONE).file, id });
  opened.delete(id);
  opened.set(id, found);
  found.catch(() => opened.delete(id)); // it can be tried again
  for (const [other, faces] of [...opened].slice(0, -MOST_OPEN)) {
    opened.delete(other);
    faces.then((each) => each.close());
  }
  return found;
}

async function draw(entry, points, look, signal) {
  const directions = along(look, entry);
  const isOlder = movedBy(look).length && directions !== entry.directions[0];
  const moving = isOlder ? await olderFile(directions.file) : null;
  for (;;) {
    try {
      return await (await facesOf(entry)).draw(points, look, { signal, along: moving });
    } catch (error) {
      if (error.name !== "AbortError" || signal?.aborted) throw error;
      // it was closed, since others were opened: once more
    }
  }
}

function olderFile(address) {
  const file = older.get(address) ?? fetched(address);
  older.set(address, file);
  file.catch(() => older.delete(address)); // it can be tried again
  return file;
}

/** The pixels of faces with a fitting look, ImageData of each. `keys` name them where they may be asked for again. */
export async function pictures(entry, points, look, keys, signal) {
  const missing = keys.map((_, place) => place).filter((place) => !known.has(keys[place]));
  const wanted = missing.map((place) => points[place]);
  const made = wanted.length ? await draw(entry, wanted, look, signal) : [];
  missing.forEach((place, i) => known.set(keys[place], made[i]));
  const images = keys.map((key) => known.get(key));
  keys.forEach((key, place) => known.delete(key) && known.set(key, images[place])); // used last
  while (known.size > keys.length && known.size * entry.resolution ** 2 > MOST_PIXELS)
    known.delete(known.keys().next().value);
  return images;
}
