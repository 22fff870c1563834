// The gallery tab: many faces, and the controls of a view of them.
import { consecutive, firstSeed, nextPage, previousPage, resized, surprising, typed } from "./actions.js";
import { find, onButton } from "./dom.js";
import * as face from "./face.js";
import { fail, followPasted, go, showChooser, view } from "./frame.js";
import { show as showGrid } from "./grid.js";
import { formatPoints, SEEDS } from "./link.js";
import { lookOf } from "./look.js";
import { along } from "./models.js";
import { SEED_LIMIT } from "./point.js";
import { inWords, shapePanel, slider, variationSlider } from "./sliders.js";

const tab = find("#gallery");
const list = find("#gallery-faces ul");
const form = find("form", tab);
let controls; // { variation, count, shape }
let count = 16; // how many, the visitor's own choice

/** Makes the controls, when it is known what they are called. */
export function build() {
  const set = (fields, step) => go({ ...view, look: lookOf({ ...view.look, ...fields }) }, { step });
  const howMany = {
    name: "count",
    label: "How many",
    info: "Faces at once",
    least: 1,
    most: SEEDS.gallery[1],
    step: 1,
  };
  controls = {
    variation: variationSlider((variation) => set({ variation }, "variation")),
    count: slider({ ...howMany, value: 16 }, (chosen) => {
      count = chosen;
      act(resized, "count");
    }),
    shape: shapePanel(find(".shape", tab), set),
  };
  find(".sliders", tab).replaceChildren(controls.variation, controls.count);
}

function act(change, step = "") {
  const { view: next, said, wrong } = change(view, count);
  go(next, { said, wrong, step });
}

export function show(next, entry, { arrived, wrong }) {
  const { seeds, look } = next;
  const first = firstSeed(seeds[0]);
  const run = formatPoints(seeds) === formatPoints(consecutive(first, seeds.length));
  const names = formatPoints(seeds, ", ").replaceAll("-", "–");
  const of = run ? ` of ${SEED_LIMIT.toLocaleString("en")}` : "";
  find("#gallery-heading h2").textContent = `${seeds.length === 1 ? "Seed" : "Seeds"} ${names}${of}`;
  find("#gallery-heading p").textContent = `${entry.resolution} px · ${inWords(look)} · weights ${entry.id}`;
  showChooser("gallery", entry);
  find("[name=previous]", tab).disabled = first === 0;
  if (!wrong) form.elements.seeds.value = formatPoints(seeds, ", ");
  if (arrived && run && seeds.length > 1) count = seeds.length;
  controls.count.show(count);
  controls.variation.show(look.variation);
  controls.shape(look, along(look, entry).moves, arrived);
  showGrid(list, next);
}

onButton(tab, ({ name, disabled }) => {
  if (name === "previous" && !disabled) act(previousPage);
  if (name === "surprise") act(surprising);
  if (name === "next") act(nextPage);
  if (name === "sheet") download("facesPng");
  if (name === "zip") download("facesZip");
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = form.elements.seeds.value;
  if (followPasted(text)) return;
  act((shown) => typed(shown, text, count));
});

/** All faces of the gallery as one file, which a function of files.js makes. */
async function download(maker) {
  const faces = view.seeds.map((point) => face.faceOf(face.queryOf(view, point)));
  try {
    const { save, [maker]: makeFile } = await import("./files.js");
    save(await makeFile(await face.drawAll(faces), view));
  } catch (error) {
    fail(error);
  }
}

// a slider below the grid stays where it is while it is moved, though the grid grows and shrinks
tab.addEventListener("pointerdown", ({ target }) => {
  if (target.type === "range") list.style.setProperty("min-height", `${list.offsetHeight}px`);
});
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => list.style.removeProperty("min-height"));
