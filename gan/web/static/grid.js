// A grid of faces: named at once, drawn one after another.
import { newest } from "./dom.js";
import * as face from "./face.js";
import { fail, loaded } from "./frame.js";

const grids = new Map(); // list → { stop, drawn }

/** Shows the faces of a view in a list. */
export function show(list, next) {
  if (!grids.has(list)) grids.set(list, { stop: new AbortController(), drawn: drawer(list) });
  const grid = grids.get(list);
  const faces = next.seeds.map((point) => face.faceOf(face.queryOf(next, point)));
  while (list.children.length < faces.length) list.append(face.item());
  while (list.children.length > faces.length) list.lastElementChild.remove();
  const names = [next.weights, ...faces.map(({ seed }) => seed)].join();
  const others = list.dataset.names !== names; // then what is not drawn yet is no longer of use
  list.dataset.names = names;
  faces.forEach((each, place) => {
    const li = list.children[place];
    if (li.firstElementChild.dataset.seed !== each.seed) li.firstElementChild.classList.add("coming");
    face.name(li, each);
  });
  document.dispatchEvent(new Event("seedfaces-kept")); // marks those that are kept
  if (others) {
    grid.stop.abort();
    grid.stop = new AbortController();
  }
  grid.drawn(faces);
}

const drawer = (list) =>
  newest(async (faces) => {
    const { signal } = grids.get(list).stop;
    list.ariaBusy = "true";
    try {
      await loaded(faces[0].entry, signal);
      const fill = async (each, place) => face.fill(list.children[place], each, await face.draw(each, signal));
      await Promise.all(faces.map(fill));
    } catch (error) {
      if (error.name !== "AbortError") fail(error);
    } finally {
      list.ariaBusy = "false";
    }
  });
