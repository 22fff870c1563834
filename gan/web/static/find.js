// The tab "Find": a photo in, the seeds whose faces look most like it out. The photo stays in the browser.
import { layOutFound } from "./answer.js";
import { during, find, onButton } from "./dom.js";
import * as face from "./face.js";
import { fill } from "./fill.js";
import { fail, go, loaded, view } from "./frame.js";
import { show as showGrid } from "./grid.js";
import { SEEDS } from "./link.js";
import * as models from "./models.js";
import { named, openIndex, plain } from "./named.js";
import { answering, bold, onPhoto, refuse, wordsOf } from "./photos.js";
import { between, isPlace, MOST_SEEDS, seedsOf, text as textOf } from "./point.js";

const WAYS = [0.3, 0.5, 0.7]; // of the way between two seeds, where something nearer is looked for
const PAIRED = 8; // seeds whose pairs are looked at, the nearest: 84 faces
const tab = find("#find");
const place = find(".answer", tab);
const list = find("#find-faces ul");
const words = () => wordsOf("find.json");
/** The entry whose seeds are found: the one that is shown first, or another that has an index. */
const indexed = () => models.indexed()[0];
let chosen = null; // { seeds, description } of the face of a photo
const answer = answering(place, (found) =>
  layOutFound(place, found, (each) => {
    chosen = each;
    showSeeds(each.seeds);
  }),
);

export function show(next) {
  words().then(tell, fail);
  find(".upload", tab).hidden = !indexed();
  find("#find-gallery").hidden = !next.seeds.length;
  list.hidden = !next.seeds.length;
  if (next.seeds.length) showGrid(list, next);
}

function tell({ about, none }) {
  const { indexed: count } = indexed() ?? {};
  const text = count ? fill(about, { count: count.toLocaleString("en"), shown: SEEDS.find[1] }) : none;
  find("#find-about").replaceChildren(...bold(text));
}

const showSeeds = (seeds, options) => go({ ...plain(indexed(), seeds), tab: "find" }, options);

/** What the worker found in a file; whose face the largest is takes the place of whom it is like. */
async function foundIn(file) {
  const [ask, its] = await Promise.all([openIndex(indexed()), words()]);
  const found = await ask({ task: "find", file, words: its });
  // without a network other indices may be missing: then nobody is named
  const made = await named(found.squares).catch(() => null);
  if (!made) return found;
  const [largest, ...others] = found.said.faces;
  const sentences = [...largest.sentences.slice(0, -1), fill(its.made, made)];
  const first = { ...largest, headline: fill(its["made headline"], made), sentences };
  return { ...found, said: { ...found.said, faces: [first, ...others] } };
}

/** Places between the seeds that were found, where they are more alike. */
async function nearer() {
  const { description } = chosen;
  const points = view.seeds;
  const near = points.slice(0, PAIRED);
  const pairs = near.flatMap((left, i) => near.slice(i + 1).map((right) => [left, right]));
  const few = pairs.filter(([left, right]) => seedsOf(left).length + seedsOf(right).length <= MOST_SEEDS);
  const known = [...points, ...few.flatMap(([left, right]) => WAYS.map((t) => between(left, right, t)))];
  const its = plain(indexed(), known);
  await loaded(indexed(), new AbortController().signal);
  const pictures = await face.drawAll(known.map((point) => face.faceOf(face.queryOf(its, point))));
  const ask = await openIndex(indexed());
  const alike = await ask({ task: "alike", pictures, description });
  const order = known.map((_, i) => i).sort((one, other) => alike[other] - alike[one] || one - other);
  const best = order.slice(0, points.length).map((i) => known[i]);
  const places = best.filter(isPlace).length;
  if (!places) return go(view, { said: ["No face between these is more alike."] });
  const before = new Set(points.map(textOf));
  if (best.every((point) => before.has(textOf(point)))) {
    return go(view, { said: ["No face between these is more alike than they are."] });
  }
  showSeeds(best, { said: [`${places} of these faces lie between two seeds and are more alike.`] });
}

onPhoto(tab, (file) => answer(() => foundIn(file)));
onButton(tab, (button) => {
  if (button.name === "gallery") go({ ...view, tab: "gallery" });
  if (button.name === "nearer") during(button, nearer).catch((error) => refuse(place, error));
});
