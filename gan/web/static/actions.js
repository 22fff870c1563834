// What a visitor can do with a view of faces: a view and a value → { view, said }, said: sentences about what was done.
// gan/serve/page/gallery.py and kept.py do the same on the server.
import { encode, FRAMES, SEEDS } from "./link.js";
import { between, isPlace, MOST_SEEDS, SEED_LIMIT, seedsOf, text as textOf } from "./point.js";
import { sha256 } from "./sha256.js";
import { typedPoints } from "./words.js";

const MOST = SEEDS.gallery[1];
const [FEWEST_IN_MORPH, MOST_IN_MORPH] = SEEDS.morph;
const SURPRISE_BELOW = 1_000_000; // short enough to read out
const RELATIVES = 8;
const RELATIVES_BELOW = 10_000; // short seeds make short links
export const WAYS = { near: 0.25, far: 0.45 }; // of the way: as brothers and sisters, or as a wider family

/** The seed from which a point is reached: where pages go on from a place. */
export const firstSeed = (point) => seedsOf(point)[0];

/** So many seeds from the first on; fewer at the end of the seeds. */
export const consecutive = (first, count) =>
  Array.from({ length: Math.min(count, SEED_LIMIT - first) }, (_, i) => first + i);

/** The seeds box and how many: one number is the first of so many seeds, anything else a list; a word is one. */
export function typed(view, text, count) {
  const { points, words, notes } = typedPoints(text);
  if (!points.length) {
    const help = "Type a seed, for example 12, or several: 12, 40-55, 1003, or a word.";
    return { view, said: notes.length ? notes : [help], wrong: true };
  }
  const single = points.length === 1 && !words.length && !notes.length && !isPlace(points[0]);
  const seeds = single ? consecutive(points[0], count) : points;
  return { view: { ...view, seeds }, said: [...words, ...notes], wrong: notes.length > 0 };
}

/** The seeds box of a morph. */
export function typedMorph(view, text) {
  const { points, words, notes } = typedPoints(text, MOST_IN_MORPH);
  if (points.length < FEWEST_IN_MORPH) {
    const help = `A morph takes ${FEWEST_IN_MORPH} to ${MOST_IN_MORPH} seeds, for example 4, 13, 17.`;
    return { view, said: [...notes, help], wrong: true };
  }
  return { view: { ...view, seeds: points }, said: [...words, ...notes], wrong: notes.length > 0 };
}

/** More or fewer of the faces that are shown; after the last of them those that follow it. */
export function resized(view, count) {
  const seeds = view.seeds.slice(0, count);
  for (let seed = firstSeed(view.seeds.at(-1)) + 1; seeds.length < count && seed < SEED_LIMIT; seed++) {
    if (!view.seeds.includes(seed)) seeds.push(seed);
  }
  return { view: { ...view, seeds }, said: [] };
}

/** So many faces from a random seed. */
export const surprising = (view, count) => ({
  view: { ...view, seeds: consecutive(Math.floor(Math.random() * SURPRISE_BELOW), count) },
  said: [],
});

/** As many faces as are shown now, after the last of them. */
export function nextPage(view) {
  const last = firstSeed(view.seeds.at(-1));
  if (last + 1 === SEED_LIMIT) return { view, said: [`${SEED_LIMIT - 1} is the last seed.`] };
  return { view: { ...view, seeds: consecutive(last + 1, view.seeds.length) }, said: [] };
}

/** As many faces as are shown now, before the first of them. */
export function previousPage(view) {
  const first = Math.max(0, firstSeed(view.seeds[0]) - view.seeds.length);
  return { view: { ...view, seeds: consecutive(first, view.seeds.length) }, said: [] };
}

const restOf = (view) => encode({ ...view, tab: "gallery", seeds: [0] });

/** A morph from a face through the next two of its gallery; if it is of another, through the next seeds. */
export function morphFrom(view, face) {
  const [point] = face.seeds;
  const seeds = restOf(view) === restOf(face) ? view.seeds : [];
  const own = textOf(point);
  const place = Math.max(
    0,
    seeds.findIndex((other) => textOf(other) === own),
  );
  const others = [...seeds.slice(place), ...seeds.slice(0, place)].filter((other) => textOf(other) !== own).slice(0, 2);
  if (!others.length) others.push(...[1, 2].map((step) => (firstSeed(point) + step) % SEED_LIMIT));
  return { view: { ...face, tab: "morph", seeds: [point, ...others], frames: 16, loop: true }, said: [] };
}

/** From a face to another, once and smoothly: every moment of it is a mixture of the two. */
export function mix(face, other) {
  const seeds = [...face.seeds, ...other.seeds];
  return { view: { ...face, tab: "morph", seeds, frames: FRAMES.most, loop: false }, said: [] };
}

/** A face and its relatives at t of the way to others. */
export function like(view, face, t) {
  const found = relatives(face.seeds[0], t);
  if (found.length) return { view: { ...face, seeds: [...face.seeds, ...found] }, said: [] };
  return { view, said: [`This face mixes ${MOST_SEEDS} seeds, the most there can be, so it has no relatives.`] };
}

/** Places at t of the way from a point to seeds that its text decides; [] if it can hold no more seeds.
 *  Number n = 0, 1, … is the first 4 bytes of the SHA-256 of "point n", big-endian, modulo 10,000; one that was met
 *  before, or in the point itself, is left out: gan/serve/relatives.py. */
export function relatives(point, t) {
  const met = new Set(seedsOf(point));
  const found = [];
  if (seedsOf(point).length === MOST_SEEDS) return found;
  for (let number = 0; found.length < RELATIVES; number++) {
    const digest = sha256(new TextEncoder().encode(`${textOf(point)} ${number}`));
    const seed = new DataView(digest.buffer, digest.byteOffset).getUint32(0) % RELATIVES_BELOW;
    if (met.has(seed)) continue;
    met.add(seed);
    found.push(between(point, seed, t));
  }
  return found;
}

/** A morph through kept faces in their order, as many as it takes; where they are too few, the view. */
export function morphOf(view, { view: found, said }) {
  if (!found || found.seeds.length < FEWEST_IN_MORPH) {
    const few = `Keep at least ${FEWEST_IN_MORPH} faces with the same weights and settings to morph them.`;
    return { view, said: [few, ...said] };
  }
  if (found.seeds.length > MOST_IN_MORPH) {
    said = [...said, `A morph takes at most ${MOST_IN_MORPH} faces. These are the first ${MOST_IN_MORPH}.`];
  }
  return { view: { ...found, tab: "morph", seeds: found.seeds.slice(0, MOST_IN_MORPH) }, said };
}

/** The kept faces that share weights and look with the first of them, and sentences about the others.
 *  A link holds one set of weights and one look. The first face decides, so the visitor does: faces can be moved.
 *  @param faces views of one face each; @param canShow whether the page has what it takes for one */
export function alike(faces, canShow) {
  const there = faces.filter(canShow);
  const same = there.filter((face) => restOf(face) === restOf(there[0]));
  const others = there.length - same.length;
  const lost = faces.length - there.length;
  const said = faces.length ? [] : ["You have not kept any faces yet."];
  if (others) {
    const [left, them] =
      others === 1
        ? ["1 kept face is left out: it has", "it"]
        : [`${others} kept faces are left out: they have`, "one of them"];
    said.push(
      `${left} other weights or settings than the first. Move ${them} to the front to see ${others === 1 ? "it" : "them"}.`,
    );
  }
  if (lost === 1) said.push("1 kept face is left out: this page does not have its weights.");
  if (lost > 1) said.push(`${lost} kept faces are left out: this page does not have their weights.`);
  return { view: same.length ? { ...same[0], seeds: same.flatMap(({ seeds }) => seeds).slice(0, MOST) } : null, said };
}
