// One face, large, in a dialog with its own entry in the history: Back closes it. Its neighbours are those of the grid
// where it was opened. The small picture is there at once; the large one is asked for, one at a time.
const dialog = element.querySelector("dialog");
const part = (name) => dialog.querySelector(`[name="${name}"]`);
const picture = dialog.querySelector(".large");
let grid; // where it was opened
let faces = []; // those of the grid: {seed, query, words, src, name}
let place = 0;
let turned = false; // another face than the one that was clicked
let asked = ""; // the query of the face whose large picture is on its way
let opened = false; // until the closing was answered: the browser says it with its next frame only
let leaving = 0; // closed by hand, its entry is still the current one; a timer, since a page around may be in the way
let after = null; // what is done when it is gone

function show(answer) {
  const face = { ...faces[place], ...answer };
  const title = "Face of seed " + face.seed;
  const image = picture.querySelector("img");
  dialog.dataset.seed = face.seed;
  dialog.setAttribute("aria-label", title);
  image.src = face.large || face.src;
  image.alt = title + ", large";
  dialog.querySelector("h2").textContent = "Seed " + face.seed;
  dialog.querySelector("p").textContent = (faces.length > 1 ? `${place + 1} of ${faces.length} · ` : "") + face.words;
  dialog.querySelector("input").value = window.seedfacesLink(face.query);
  for (const anchor of dialog.querySelectorAll("a")) {
    const { href, download } = anchor.dataset; // of what is known of the face
    if (face[href]) Object.assign(anchor, { href: face[href], download: face[download] });
    else anchor.removeAttribute("href");
  }
  const other = partner();
  part("mix").hidden = !other;
  if (other) part("mix").textContent = "Mix with " + (other.seed.length > 13 ? other.seed.slice(0, 12) + "…" : other.seed);
  markKept();
}
// the face that this one is mixed with: the first kept one or the next of the grid, with the same weights and look
function partner() {
  const rest = (query) => query.replace(/seeds=[^&]*/, "");
  const { query: own } = faces[place];
  const after = [...faces.slice(place + 1), ...faces.slice(0, place)];
  return [...window.seedfacesKept.all(), ...after].find(({ query }) => query !== own && rest(query) === rest(own));
}
function ask() {
  if (asked || !dialog.open) return;
  asked = faces[place].query;
  props.value = null; // an answer like the last one would not be noticed
  trigger("pick", { query: asked });
}
watch("value", () => {
  if (!props.value) return;
  asked = "";
  if (props.value.query === faces[place].query) show(props.value);
  else ask();
});

function open(button) {
  grid = button.closest(".faces");
  const buttons = [...grid.querySelectorAll(".face:enabled")];
  faces = buttons.map(({ dataset: { seed, query, words }, firstElementChild: { src } }) => {
    return { seed, query, words, src, name: `seed-${seed}.png` };
  });
  place = buttons.indexOf(button);
  turned = false;
  part("previous").hidden = part("next").hidden = faces.length < 2;
  show();
  window.seedfacesHandOn(part("link"), dialog.querySelector("input"));
  dialog.showModal();
  opened = true;
  dialog.scrollTop = 0; // the face, not the button that has the focus
  if (!leaving) enter();
  ask();
}
function turn(by) {
  if (faces.length < 2) return;
  place = (place + by + faces.length) % faces.length;
  turned = true;
  show();
  ask();
}
function enter() {
  const state = { ...history.state, card: faces[place].query };
  history[history.state?.card ? "replaceState" : "pushState"](state, "");
}
// after Forward or a reload: its entry is the current one
function restore() {
  const query = history.state?.card;
  const button = query && !opened && !leaving && faceIn(document, query);
  if (button) open(button);
  return Boolean(button);
}
const faceIn = (root, query) => root.querySelector(`.face:enabled[data-query="${CSS.escape(query)}"]`);
function close() {
  dialog.close();
  closed();
}
function closed() {
  if (dialog.open || !opened) return; // opened again, or known
  opened = false;
  if (leaving) return;
  if (turned) faceIn(grid, faces[place].query)?.focus();
  if (!history.state?.card) return left();
  leaving = setTimeout(() => {
    history.replaceState({ ...history.state, card: undefined }, ""); // it stays closed
    left();
  }, 2000);
  history.back();
}
dialog.addEventListener("close", closed);
function left() {
  clearTimeout(leaving);
  leaving = 0;
  if (dialog.open) enter();
  else if (history.state?.card) history.replaceState({ ...history.state, card: undefined }, ""); // it could not be left
  after?.();
  after = null;
}
window.seedfacesCard = {
  open,
  restore,
  close,
  there: () => opened || leaving > 0, // as far as the history is concerned
  // under load the small picture stays, and the large one is asked for again
  refused() {
    asked = "";
    setTimeout(ask, 5000 + 5000 * Math.random());
  },
  // Back or Forward was pressed, to the view that is shown or another → whether that only closed or opened the card
  moved(same) {
    if (leaving) {
      left();
      return same;
    }
    if (!dialog.open) return same && restore();
    if (!history.state?.card || !same) close();
    return same;
  },
};

function markKept() {
  const kept = Boolean(faces.length && window.seedfacesKept?.has(faces[place].query));
  part("keep").setAttribute("aria-pressed", kept);
  part("keep").textContent = kept ? "Kept ✓, remove" : "Keep";
}
document.addEventListener("seedfaces-kept", () => (markKept(), restore()));

let pressed = null; // a text may be selected up to a place beside the dialog
dialog.addEventListener("pointerdown", ({ target }) => (pressed = target));
dialog.addEventListener("click", (event) => {
  if (event.target === dialog && pressed !== dialog) return;
  const button = event.target === dialog ? part("close") : event.target.closest("button"); // beside it
  const { name } = button || {};
  if (name === "previous") turn(-1);
  if (name === "next") turn(1);
  if (name === "keep" && !window.seedfacesKept.toggle(faces[place]))
    button.textContent = "64 faces are kept: remove one first";
  const { query } = faces[place];
  const value = name === "mix" ? [query, partner().query] : query;
  const leads = ["morph", "mix", "judge", "near", "far"].includes(name);
  if (leads) after = () => window.seedfacesAct("gallery", name, value);
  if (leads || name === "close") close();
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
