// One face: a point, a look and weights. The query of its own link names it everywhere: in a grid, on its card, among
// those that are kept.
import { make, paint } from "./dom.js";
import { decode, encode } from "./link.js";
import { fitting, of, pictures } from "./models.js";
import { isPlace, text as textOf } from "./point.js";
import { inWords } from "./sliders.js";

/** The query of one face of a view. */
export const queryOf = (view, point) => encode({ ...view, tab: "gallery", seeds: [point], frames: 16, loop: true });

/** What is known of a face by its query: { query, view, point, seed, entry }; `seed` is the text of its point. */
export function faceOf(query) {
  const { view } = decode(query);
  const entry = of(view.weights);
  const [point] = view.seeds;
  return { query, view: { ...view, look: fitting(view.look, entry) }, point, seed: textOf(point), entry };
}

/** "128 px · variation 1", and where a place is. */
export function wordsOn({ entry, view, point }) {
  const words = `${entry.resolution} px · ${inWords(view.look)}`;
  if (!isPlace(point)) return words;
  const percent = Number((100 * point.t).toFixed(1));
  return `${words} · ${percent} % of the way from ${textOf(point.left)} to ${textOf(point.right)}`;
}

/** The pixels of faces that share weights and look, ImageData of each. */
export const drawAll = (faces, signal) => {
  const [{ entry, view }] = faces;
  return pictures(
    entry,
    faces.map(({ point }) => point),
    view.look,
    faces.map(({ query }) => query),
    signal,
  );
};
export const draw = async (face, signal) => (await drawAll([face], signal))[0];

/** An item of a grid: a button with the face, which a click opens. */
export function item() {
  const seed = make("span", { ariaHidden: "true" }, make("bdi"));
  const mark = make("span", { className: "mark", hidden: true, ariaLabel: "kept" }, "♥");
  mark.setAttribute("role", "img");
  const canvas = make("canvas", { width: 1, height: 1 });
  const button = make("button", { type: "button", className: "face" }, canvas, seed, mark);
  return make("li", {}, button);
}

/** Makes an item show which face it is for; its pixels come later, see `fill`. */
export function name(li, { query, seed }) {
  const button = li.firstElementChild;
  Object.assign(button.dataset, { query, seed });
  button.ariaLabel = `Face of seed ${seed}`;
  li.querySelector("bdi").textContent = seed;
}

/** Shows the pixels of a face in its item, unless that is for another one by then. */
export function fill(li, { query, seed }, image) {
  const button = li?.firstElementChild;
  if (button?.dataset.seed !== seed) return;
  paint(button.firstElementChild, image);
  button.classList.remove("coming");
  button.dataset.drawn = query;
}
