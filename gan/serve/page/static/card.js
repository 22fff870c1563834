// One face, large, in a dialog with its own entry in the history: Back closes it. Its neighbours are those of the grid
// where it was opened. The small picture is there at once; the large one is asked for, one at a time.
const dialog = element.querySelector("dialog");
const part = (name) => dialog.querySelector(`[name="${name}"]`);
const picture = dialog.querySelector(".large");
const image = picture.querySelector("img");
let grid; // where it was opened
let faces = []; // those of the grid: {seed, query, words, src, name}, and of the grid's face, home: its query
let place = 0;
let turned = false; // another face than the one that was clicked
let asked = ""; // the query of the face whose large picture is on its way
let shaping = 0; // a timer: a slider moves, and the large picture is asked for when it rests
let opened = false; // until the closing was answered: the browser says it with its next frame only
let leaving = 0; // closed by hand, its entry is still the current one; a timer, since a page around may be in the way
let after = null; // what is done when it is gone

function show() {
  const face = faces[place];
  const title = "Face of seed " + face.seed;
  dialog.dataset.seed = face.seed;
  dialog.setAttribute("aria-label", title);
  image.alt = title + ", large";
  dialog.querySelector("h2").textContent = "Seed " + face.seed;
  dialog.querySelector("p").textContent = (faces.length > 1 ? `${place + 1} of ${faces.length} · ` : "") + face.words;
  dialog.querySelector("input[readonly]").value = window.seedfacesLink(face.query);
  for (const anchor of dialog.querySelectorAll("a")) {
    const { href, download } = anchor.dataset; // of what is known of the face
    if (face[href]) Object.assign(anchor, { href: face[href], download: face[download] });
    else anchor.removeAttribute("href");
  }
  const other = partner();
  part("mix").hidden = !other;
  if (other) part("mix").textContent = "Mix with " + (other.seed.length > 13 ? other.seed.slice(0, 12) + "…" : other.seed);
  markKept();
  showShape();
}
// the face that this one is mixed with: the first kept one or the next of the grid, with the same weights and look
function partner() {
  const rest = (query) => query.replace(/seeds=[^&]*/, "");
  const { query: own } = faces[place];
  const after = [...faces.slice(place + 1), ...faces.slice(0, place)];
  return [...window.seedfacesKept.all(), ...after].find(({ query }) => query !== own && rest(query) === rest(own));
}
function ask() {
  if (asked || shaping || !dialog.open || faces[place].large) return;
  asked = faces[place].query;
  props.value = null; // an answer like the last one would not be noticed
  trigger("pick", { query: asked });
}
watch("value", () => {
  if (!props.value) return;
  asked = "";
  const { asked: query, moves, along } = props.value;
  shapes[weightsOf(query)] = { moves, along };
  if (query !== faces[place].query) return ask();
  Object.assign(faces[place], props.value);
  arrive();
});

function open(button) {
  grid = button.closest(".faces");
  const buttons = [...grid.querySelectorAll(".face:enabled")];
  faces = buttons.map(({ dataset: { seed, query, words }, firstElementChild: { src } }) => {
    return { seed, query, words, src, name: `seed-${seed}.png`, home: query };
  });
  place = buttons.indexOf(button);
  turned = false;
  part("previous").hidden = part("next").hidden = faces.length < 2;
  arrive();
  window.seedfacesHandOn(part("link"), dialog.querySelector("input[readonly]"));
  dialog.showModal();
  opened = true;
  dialog.scrollTop = 0; // the face, not the button that has the focus
  if (!leaving) enter();
  ask();
}
function arrive() {
  const { large, src } = faces[place];
  image.src = large || src || address(faces[place]);
  show();
}
function turn(by) {
  if (faces.length < 2) return;
  place = (place + by + faces.length) % faces.length;
  turned = true;
  arrive();
  ask();
}

// --- its shape: the sliders are fields of its query -----------------------------------------------------------------

const panel = dialog.querySelector(".shape");
const rows = [...panel.querySelectorAll(".attribute")];
const shapes = {}; // by weights: what they can move, and along which directions, as far as it is known
let drawing = false; // a picture of the shape is on its way, one at a time
const address = ({ seed, query }) => `face/${encodeURIComponent(seed)}.png?` + query.replace(/^v=1&seeds=[^&]*&/, "");
const shapeOf = (face) => (face.moves ? face : shapes[weightsOf(face.query)] || { moves: [] });
const weightsOf = (query) => query.match(/&w=(\w+)/)?.[1];
const fieldOf = (query, name) => Number(query.match(`&${name}=([^&]*)`)?.[1] || 0);

function showShape() {
  const { query } = faces[place];
  const { moves } = shapeOf(faces[place]);
  panel.hidden = !moves.length;
  for (const row of rows) {
    const value = fieldOf(query, row.dataset.name);
    row.hidden = !moves.includes(row.dataset.name);
    row.querySelector("input").value = value;
    row.querySelector("output").textContent = value;
  }
}
// the query as the server writes it: the fields that are moved, in their order, before the weights
function shape(values) {
  const { query, seed, words, home } = faces[place];
  const { moves, along } = shapeOf(faces[place]);
  const pinned = query.match(/&d=\w+/)?.[0] || "&d=" + along;
  const names = rows.map(({ dataset: { name } }) => name);
  const moved = names.map((name) => [name, values[name] ?? fieldOf(query, name)]).filter(([, value]) => value);
  const fields = moved.map(([name, value]) => `&${name}=${value}`).join("") + (moved.length ? pinned : "");
  const bare = query.replace(RegExp(`&(${names.join("|")}|d)=[^&]*`, "g"), "");
  const next = bare.replace("&w=", fields + "&w=");
  if (next === query) return;
  faces[place] = { seed, words, home, moves, along, query: next };
  show();
  draw();
  clearTimeout(shaping);
  shaping = setTimeout(() => {
    shaping = 0;
    ask();
  }, 300);
}
// while a slider is dragged, the small picture follows it; the last position always comes last
async function draw() {
  if (drawing) return;
  drawing = true;
  const { query } = faces[place];
  const next = new Image();
  next.src = address(faces[place]);
  const done = await next.decode().then(() => true, () => false); // refused under load: the large one is asked for
  drawing = false;
  if (query !== faces[place].query) return faces[place].large || faces[place].src || draw();
  if (done && !faces[place].large) image.src = next.src;
}
panel.addEventListener("input", ({ target }) => shape({ [target.closest(".attribute").dataset.name]: Number(target.value) }));
panel.addEventListener("click", ({ target }) => {
  const names = target.name === "unshaped" ? rows : target.name === "reset" ? [target.closest(".attribute")] : [];
  if (!names.length) return;
  shape(Object.fromEntries(names.map(({ dataset: { name } }) => [name, 0])));
});

// --- its place in the history ---------------------------------------------------------------------------------------

function enter() {
  const state = { ...history.state, card: faces[place].home };
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
  if (turned) faceIn(grid, faces[place].home)?.focus();
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
