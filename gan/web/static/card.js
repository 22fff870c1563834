// One face, large, in a dialog with its own entry in the history: Back closes it. Its neighbours are those of the grid
// where it was opened.
import { like, mix, morphFrom, WAYS } from "./actions.js";
import { find, newest, onButton, paint } from "./dom.js";
import * as face from "./face.js";
import { fail, go, handOn, linkTo, settle, view } from "./frame.js";
import * as kept from "./kept.js";
import { encode } from "./link.js";
import { ATTRIBUTES, lookOf } from "./look.js";
import { along, fitting } from "./models.js";
import { attributeRow, unshaped } from "./sliders.js";

const dialog = find("#card");
const part = (name) => find(`[name="${name}"]`, dialog);
const picture = find(".large", dialog);
const canvas = find("canvas", picture);
const panel = find(".shape", dialog);
const LARGE = 512; // pixels: side of the picture
const LONGEST = 13; // characters of a point on a button
let rows = []; // the sliders of its shape
let grid; // where it was opened
let faces = []; // for each face of the grid { query, home }: as it is shaped now, and as it is in the grid
let place = 0;
let turned = false; // to another face than the one that was clicked

/** Makes the sliders, when it is known what they are called. */
export function build() {
  rows = ATTRIBUTES.map((name) => attributeRow(name, shape));
  find(".attributes", panel).replaceChildren(...rows);
  handOn(part("link"), find("input[readonly]", dialog));
}

/** Opens the card of a face in a grid. */
export function open(button) {
  grid = button.closest(".faces");
  const buttons = [...grid.querySelectorAll(".face:enabled")];
  faces = buttons.map(({ dataset: { query } }) => ({ query, home: query }));
  place = buttons.indexOf(button);
  turned = false;
  part("previous").hidden = part("next").hidden = faces.length < 2;
  show();
  dialog.showModal();
  dialog.scrollTop = 0; // the face, not the button that has the focus
  settle();
  const state = { ...history.state, card: faces[place].home };
  history[history.state?.card ? "replaceState" : "pushState"](state, "");
}

const shown = () => face.faceOf(faces[place].query);

function show() {
  const { seed, view: its, entry, ...rest } = shown();
  const title = `Face of seed ${seed}`;
  dialog.ariaLabel = title;
  canvas.ariaLabel = `${title}, large`;
  find("h2", dialog).textContent = `Seed ${seed}`;
  const where = faces.length > 1 ? `${place + 1} of ${faces.length} · ` : "";
  find("p", dialog).textContent = where + face.wordsOn({ ...rest, view: its, entry });
  find("input[readonly]", dialog).value = linkTo(faces[place].query);
  const { moves } = along(its.look, entry);
  panel.hidden = !moves.length;
  for (const row of rows) {
    row.hidden = !moves.includes(row.dataset.name);
    row.show(its.look[row.dataset.name]);
  }
  const other = partner();
  part("mix").hidden = !other;
  if (other)
    part("mix").textContent =
      `Mix with ${other.seed.length > LONGEST ? `${other.seed.slice(0, LONGEST - 1)}…` : other.seed}`;
  markKept();
  drawn(shown());
}

// while a slider is dragged, the picture follows it
const drawn = newest(async (asked) => {
  try {
    const image = await face.draw(asked);
    const { resized } = await import("./pixels.js"); // the first gallery does not need it
    if (asked.query === faces[place].query || dialog.open) paint(canvas, resized(image, LARGE));
    canvas.dataset.query = asked.query;
  } catch (error) {
    if (error.name !== "AbortError") fail(error);
  }
});

/** The face that this one is mixed with: the first kept one or the next of the grid, with the same weights and look. */
function partner() {
  const rest = (query) => query.replace(/seeds=[^&]*/, "");
  const own = faces[place].query;
  const after = [...faces.slice(place + 1), ...faces.slice(0, place)].map(({ query }) => query);
  const found = [...kept.all(), ...after].find((query) => query !== own && rest(query) === rest(own));
  return found && face.faceOf(found);
}

function turn(by) {
  if (faces.length < 2) return;
  place = (place + by + faces.length) % faces.length;
  turned = true;
  show();
}

/** Moves attributes of the face that is shown. */
function shape(fields) {
  const { view: its, entry } = shown();
  const look = fitting(lookOf({ ...its.look, ...fields, directions: "" }), entry);
  faces[place] = { ...faces[place], query: encode({ ...its, look }) };
  show();
}

function markKept() {
  const is = Boolean(faces.length) && kept.isKept(faces[place].query);
  part("keep").setAttribute("aria-pressed", is);
  part("keep").textContent = is ? "Kept ✓, remove" : "Keep";
}
document.addEventListener("seedfaces-kept", markKept);

// --- its place in the history ---------------------------------------------------------------------------------------

const buttonOf = (query) =>
  query && find(`[role="tabpanel"]:not([hidden]) .face:enabled[data-query="${CSS.escape(query)}"]`);

/** Opens the card whose entry of the history is the current one: after Forward, or a reload. */
export function restore() {
  const button = !dialog.open && buttonOf(history.state?.card);
  if (button) open(button);
}

/** Back or Forward was pressed, to the view that is shown or another → whether that only closed or opened the card. */
export function moved(same) {
  if (dialog.open && (!history.state?.card || !same)) dialog.close();
  else if (same) restore();
  return same;
}

/** Another view takes the place of the card's entry. */
function lead({ view: next, said = [] }) {
  const leaves = Boolean(history.state?.card);
  if (leaves) history.replaceState({ ...history.state, card: undefined }, "");
  dialog.close();
  go(next.tab === "find" ? { ...next, tab: "gallery" } : next, { said, replace: leaves });
}

dialog.addEventListener("close", () => {
  if (turned) buttonOf(faces[place].home)?.focus();
  if (history.state?.card) history.back();
});

// --- what a visitor does --------------------------------------------------------------------------------------------

async function download(size) {
  const asked = shown();
  const { facePng, save } = await import("./files.js");
  save(await facePng(await face.draw(asked), asked.view, size));
}

let pressed = null; // a text may be selected up to a place beside the dialog
dialog.addEventListener("pointerdown", ({ target }) => (pressed = target));
dialog.addEventListener("click", ({ target }) => target === dialog && pressed === dialog && dialog.close());
onButton(dialog, ({ name }) => {
  if (name === "previous") turn(-1);
  if (name === "next") turn(1);
  if (name === "keep" && !kept.toggle(faces[place].query))
    part("keep").textContent = "64 faces are kept: remove one first";
  if (name === "png") download(undefined).catch(fail);
  if (name === "enlarged") download(LARGE).catch(fail);
  if (name === "unshaped") shape(unshaped());
  const { view: its } = shown();
  if (name === "morph") lead(morphFrom(view, its));
  if (name === "mix") lead(mix(its, partner().view));
  if (name in WAYS) lead(like(view, its, WAYS[name]));
  if (name === "close") dialog.close();
});
dialog.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || event.target.matches("input") || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  turn(by);
});
let touched = null; // where a finger began to move
picture.addEventListener("pointerdown", (event) => (touched = event.pointerType === "mouse" ? null : event));
picture.addEventListener("pointerup", (event) => {
  const [right, down] = touched ? [event.clientX - touched.clientX, event.clientY - touched.clientY] : [0, 0];
  touched = null;
  if (Math.abs(right) > Math.max(40, 2 * Math.abs(down))) turn(right < 0 ? 1 : -1);
});
for (const id of ["#gallery-faces", "#find-faces"]) onButton(find(id), open);
