// A view of the page <-> the query string of a link: gan/link.py says what a link is. Version 1 is a promise: its
// meaning and its defaults never change. tests/link_vectors.json holds links and what they mean.
import { AROUND, bare, first, inAscii, LONGEST, parameters, short, SPACE, stripped, trim } from "./link_text.js";
import { ATTRIBUTES, lookOf, movedBy } from "./look.js";
import { isPlace, MOST_SEEDS, parse, rounded, SEED_LIMIT, seedsOf, text as textOf } from "./point.js";

/** The fewest and the most seeds of a tab. */
export const SEEDS = { gallery: [1, 64], morph: [2, 8], find: [0, 12], verdict: [0, 1], about: [0, 0] };
export const FRAMES = { least: 2, most: 32, decimals: 0 }; // frames of a morph from one seed to the next
export const FIRST_SEEDS = { gallery: [...Array(16).keys()], morph: [4, 13, 17], find: [], verdict: [], about: [] };
/** Which values every number of a look may have in a link. */
export const LOOK = { variation: { least: 0, most: 1.5, decimals: 2 } };
for (const name of ATTRIBUTES) LOOK[name] = { least: -3, most: 3, decimals: 2 };

const MOST = 64; // faces of any view
const ALL_SPACE = new RegExp(`[${SPACE}]`, "g");
const RANGE = new RegExp(`^([0-9]{1,10})(?:[${SPACE}]*[-–][${SPACE}]*([0-9]{1,10}))?$`);
const SEPARATOR = new RegExp(`[,;]|(?<=[0-9])[${SPACE}]+(?=[0-9])`);
// no t that a link holds is 0, so this is 0.4 as many languages write it, and 4 is no seed
const DECIMAL_COMMA = new RegExp(`@[${SPACE}]*0[${SPACE}]*,[${SPACE}]*[0-9]{1,3}(?![0-9~@.-])`);
const AROUND_PLACE = AROUND.replace(/[()]/g, "");
const ID = /^([0-9a-f]{12})(?![0-9a-z])/;
const NUMBER = /^-?[0-9]{1,9}(\.[0-9]{1,9})?$/;

/** The query string of a view, without the question mark.
 *  A view is { tab, seeds, look, weights, frames, loop }: gan.link.View; its seeds are points. */
export function encode(view) {
  const query = ["v=1"];
  if (view.tab !== "gallery") query.push(`tab=${view.tab}`);
  if (view.seeds.length) query.push(`seeds=${formatPoints(view.seeds)}`, ...lookFields(view.look));
  if (view.tab === "morph") query.push(`frames=${view.frames}`, `loop=${Number(view.loop)}`);
  if (view.weights) query.push(`w=${view.weights}`);
  // chats end a link at a parenthesis
  return query.join("&").replaceAll("(", "%28").replaceAll(")", "%29");
}

/** A query string → { view, notes }: notes has one sentence for each thing that could not be honoured. Never throws. */
export function decode(query) {
  const found = parameters(query);
  const notes = [];
  if (bare(found.get("v") ?? "1") !== "1") {
    notes.push("This link comes from another version of this page. The parts that this version knows are shown.");
  }
  const named = found.get("tab") ?? "gallery";
  let tab = bare(named).toLowerCase();
  if (!Object.hasOwn(SEEDS, tab)) {
    notes.push(`This page has no tab “${short(named)}”. Here is the gallery.`);
    tab = "gallery";
  }
  const view = { tab, seeds: pointsFor(tab, found, notes), look: lookOf(), weights: "", frames: 16, loop: true };
  if (!view.seeds.length) return { view, notes };
  for (const [name, limits] of Object.entries(LOOK)) {
    view.look[name] = number(found, name, view.look[name], limits, notes);
  }
  if (tab === "morph") {
    view.frames = number(found, "frames", 16, FRAMES, notes);
    view.loop = !["0", "false"].includes(bare(found.get("loop") ?? "1").toLowerCase());
  }
  const weights = id(found.get("w"));
  if (weights === null) {
    notes.push("The link does not say which weights made its faces. The page's current weights are used.");
  }
  const directions = id(found.get("d"));
  if (directions === null && movedBy(view.look).length) {
    notes.push("The link does not say along which directions its faces were moved. Current ones are used.");
  }
  view.weights = weights ?? "";
  view.look = lookOf({ ...view.look, directions: directions ?? "" });
  return { view, notes };
}

/** A look as a link holds it: ["variation=0.8"]. Version 1 always holds the variation, the others where they move. */
function lookFields(look) {
  const fields = ["variation", ...movedBy(look)].map((name) => `${name}=${look[name]}`);
  return look.directions ? [...fields, `d=${look.directions}`] : fields;
}

/** What a link names weights or directions by; "" where it names none, null where it cannot be one. Words behind a link
 *  belong to its last parameter. */
function id(text) {
  const name = bare(text ?? "").toLowerCase();
  return name && (ID.exec(name)?.[1] ?? null);
}

/** `12, 40-55, 4~13@0.4` → { points, notes }: the first points in that order, and sentences about what was left out. */
export function parsePoints(text, most = MOST) {
  const { points, notes } = firstPoints(parts(first(text, LONGEST)), most);
  return { points, notes };
}

/** Parts of a text → { points, words, notes }: the first points, one text that says the seed of each word or none, and
 *  one sentence for each fault. A part is { points, note, word }: what it names, a fault, and which seed a word is. */
export function firstPoints(found, most) {
  const points = [];
  const words = [];
  const notes = [];
  for (const { points: named, note, word } of found) {
    if (points.length < most && word) words.push(word);
    if (note && (points.length < most || !named.length)) notes.push(note);
    points.push(...named);
    if (points.length > most) {
      notes.push(most > 1 ? `Only ${most} faces fit. These are the first ${most}.` : "Only the first face is used.");
      break;
    }
  }
  return { points: points.slice(0, most), words: words.length ? [words.join(" ")] : [], notes: notes.slice(0, 3) };
}

/** `12, 40-55, 4~13@0.4` → each part of the text with the points that it names; `others` ends what is said of it where
 *  it names none. */
export function* parts(text, others = "") {
  text = inAscii(text);
  if (DECIMAL_COMMA.test(text)) {
    yield { points: [], note: "A comma separates faces. Write a place between two with a point, as 4~13@0.4." };
  }
  for (const part of text.split(SEPARATOR).map(trim).filter(Boolean)) {
    if (bare(part).includes("~")) {
      yield place(part);
      continue;
    }
    const [, start, end = start] = RANGE.exec(bare(part)) ?? [];
    const possible = start !== undefined && Math.max(start, end) < SEED_LIMIT;
    yield possible ? { points: range(Number(start), Number(end)) } : { points: [], note: noSeed(part, others) };
  }
}

export function noSeed(part, others = "") {
  return `“${short(part)}” is not a seed. Seeds are whole numbers from 0 to ${SEED_LIMIT - 1}${others}.`;
}

/** The seeds from start to end, both included; of billions no more than tell that they are too many. */
function range(start, end) {
  const count = Math.min(Math.abs(end - start), MOST) + 1;
  return Array.from({ length: count }, (_, i) => (end >= start ? start + i : start - i));
}

/** A part with ~, which is a place or nothing. */
function place(part) {
  const text = part.replace(ALL_SPACE, "");
  // a parenthesis may belong to the place
  for (const around of [AROUND_PLACE, AROUND]) {
    try {
      const { point, exact } = parse(stripped(text, (letter) => around.includes(letter)));
      const note = exact ? "" : `“${short(part)}” is not possible. ${textOf(point)} is used instead.`;
      return { points: [point], note };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  const tooMany = text.split("~").length > MOST_SEEDS;
  const fault = tooMany
    ? `has too many seeds: a place has at most ${MOST_SEEDS}.`
    : "is not a place between two faces. Write, for example, 4~13@0.4.";
  return { points: [], note: `“${short(part)}” ${fault}` };
}

/** [12, 40, 41, 42, 1003] → `12,40-42,1003`: the order is kept, runs of three and more seeds are shortened. */
export function formatPoints(points, separator = ",") {
  const found = [];
  for (let start = 0, end = 1; end <= points.length; end++) {
    const follows = end < points.length && !isPlace(points[end - 1]) && points[end] === points[end - 1] + 1;
    if (follows) continue;
    const run = points.slice(start, end);
    found.push(...(run.length > 2 ? [`${run[0]}-${run.at(-1)}`] : run.map(textOf)));
    start = end;
  }
  return found.join(separator);
}

/** The points of a query, as many as the tab takes. */
function pointsFor(tab, query, notes) {
  const [fewest, most] = SEEDS[tab];
  if (most === 0) return [];
  // people write seed=5, too
  const { points, notes: faults } = parsePoints(query.get("seeds") || query.get("seed") || "", most);
  notes.push(...faults);
  if (points.length >= fewest) return points;
  if (points.length) {
    const neighbour = (seedsOf(points[0])[0] + 1) % SEED_LIMIT;
    notes.push(`A morph takes at least two faces. Seed ${neighbour} was added.`);
    return [...points, neighbour];
  }
  if (query.has("seeds") || query.has("seed")) {
    const shown = formatPoints(FIRST_SEEDS[tab], ", ");
    notes.push("The link names no face." + (shown && ` Here are seeds ${shown}.`));
  }
  return FIRST_SEEDS[tab];
}

function number(query, name, standard, { least, most, decimals }, notes) {
  const text = query.get(name) ?? "";
  if (!text) return standard;
  const written = bare(text).replaceAll(",", "."); // the decimal comma of many languages
  let value = standard;
  if (NUMBER.test(written)) {
    value = Math.min(Math.max(rounded(Number(written), decimals), least), most) + 0; // not -0
    if (Math.abs(value - Number(written)) <= 1e-6) return value;
  }
  notes.push(`${name[0].toUpperCase()}${name.slice(1)} “${short(text)}” is not possible. ${value} is used instead.`);
  return value;
}
