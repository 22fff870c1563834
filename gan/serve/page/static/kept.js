// The faces that a visitor keeps, each as the query of its own link, which holds its weights and its look. The list is
// stored in this browser alone and shared by its tabs. Where storage is forbidden (an iframe in a private window) or full,
// it lasts until the page is closed. The server only draws faces.
const KEY = "seedfaces-kept";
const MOST = 64;
const AT_ONCE = 16; // faces that the server draws for one question
const FACE = /^v=1&seeds=((?:[\d~@.]|%28|%29)+)(&[a-z_]+=-?[\d.]+)*(&d=[0-9a-f]{12})?(&w=[0-9a-f]{12})?$/; // a seed or a place
const seedOf = (query) => decodeURIComponent(query.match(FACE)[1]);
const section = element.querySelector("section");
const list = element.querySelector("ul");
const part = (name) => section.querySelector(`[name="${name}"]`);
let kept = []; // queries, in the visitor's order
let cleared = null; // what Undo brings back
let stored = true; // whether storage holds the same list, as far as this tab knows
let asked = null; // those whose pictures are on their way
const pictures = {}; // by query: {src, words}; {coming} while weights are fetched; {} where the page lacks them
const items = {}; // by query: its element

// until November 2026 the list was {seeds, weights}: one set of weights for all
const inOldForm = ({ seeds = [], weights }) =>
  seeds.map((seed) => `v=1&seeds=${seed}` + (weights ? `&w=${weights}` : ""));

function read() {
  if (!stored) return; // keep what is in memory
  try {
    const found = JSON.parse(localStorage.getItem(KEY)) || [];
    const queries = Array.isArray(found) ? found : inOldForm(found);
    kept = [...new Set(queries.filter((query) => FACE.test(query)))].slice(0, MOST);
  } catch {} // forbidden, or damaged
}
function store() {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
    stored = true;
  } catch {
    stored = false; // forbidden, or full
  }
}
function write(queries, undo = null) {
  [kept, cleared] = [queries, undo];
  store();
  show();
}
function move(query, by) {
  read();
  const place = kept.indexOf(query);
  if (place < 0) return show();
  kept.splice(place, 1);
  kept.splice(Math.max(0, place + by), 0, query);
  write(kept);
}
const remove = (query) => (read(), write(kept.filter((other) => other !== query)));

let timer;
function askLater(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(ask, milliseconds, true);
}
function ask(again) {
  if (asked) return;
  const missing = kept.filter((query) => !pictures[query] || (again && pictures[query].coming)).slice(0, AT_ONCE);
  if (!missing.length) return;
  asked = missing;
  props.value = null; // an answer like the last one would not be noticed
  trigger("draw", { faces: asked });
}
watch("value", () => {
  const { faces } = props.value || {};
  if (!faces || !asked) return;
  const answers = Object.fromEntries(faces.map((face) => [face.asked, face]));
  read();
  const before = String(kept);
  for (const query of asked) {
    const { query: own = query, ...face } = answers[query] || {}; // stored in the old form, it had another query
    pictures[own] = face;
    kept = [...new Set(kept.map((other) => (other === query ? own : other)))];
  }
  asked = null;
  if (String(kept) !== before) store();
  show();
  if (kept.some((query) => pictures[query]?.coming)) askLater(5000);
});

function item(query) {
  const made = section.querySelector("template").content.firstElementChild.cloneNode(true);
  const seed = seedOf(query);
  const face = made.querySelector(".face");
  Object.assign(face.dataset, { seed, query });
  made.querySelector("img").alt = "Face of seed " + seed;
  made.querySelector("bdi").textContent = seed;
  const label = (name, words) => made.querySelector(`[name="${name}"]`).setAttribute("aria-label", words);
  label("earlier", `Move seed ${seed} earlier`);
  label("remove", `Remove seed ${seed}`);
  label("later", `Move seed ${seed} later`);
  return made;
}
function paint(query) {
  const { src, words } = pictures[query] || {};
  const face = (items[query] ||= item(query)).querySelector(".face");
  face.disabled = !src;
  if (src && !face.firstElementChild.src) {
    face.firstElementChild.src = src;
    face.dataset.words = face.title = words;
  }
  return items[query];
}
function show() {
  const focused = document.activeElement;
  const place = [...list.children].indexOf(focused.closest("li"));
  list.replaceChildren(...kept.map(paint));
  section.hidden = !kept.length && !cleared;
  part("show").hidden = part("morph").hidden = !kept.length;
  part("clear").textContent = cleared ? "Undo" : "Clear";
  section.querySelector("p").textContent = sentence();
  // the focus follows its face, or goes to the one that took its place
  const same = list.contains(focused) ? focused : list.children[Math.min(place, kept.length - 1)]?.querySelector(`[name="${focused.name}"]`);
  if (place >= 0) same?.focus();
  document.dispatchEvent(new Event("seedfaces-kept"));
  ask();
}
function sentence() {
  const drawn = kept.map((query) => pictures[query]).filter((face) => face && !face.src);
  const coming = drawn.filter((face) => face.coming).length;
  const missing = drawn.length - coming;
  const faces = (count) => (count === 1 ? "1 face" : `${count} faces`);
  if (cleared) return `${faces(cleared.length)} removed.`;
  if (missing) return `${faces(missing)} cannot be drawn: this page does not have the weights.`;
  return coming ? `The weights of ${faces(coming)} are being fetched.` : "";
}

window.seedfacesKept = {
  has: (query) => kept.includes(query),
  all: () => kept.map((query) => ({ query, seed: seedOf(query) })),
  // keeps a face or takes it out again; returns whether there was room
  toggle({ query, src, words }) {
    read();
    if (kept.includes(query)) remove(query);
    else if (kept.length >= MOST) return false;
    else {
      if (src) pictures[query] = { src, words }; // otherwise the server draws it
      write([...kept, query]);
    }
    return true;
  },
  // under load the server refuses: later again
  refused() {
    asked = null;
    askLater(5000 + 5000 * Math.random());
  },
};

section.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const query = button?.closest("li")?.querySelector(".face").dataset.query;
  if (!button) return;
  if (button.matches(".face")) window.seedfacesCard?.open(button);
  if (button.name === "earlier") move(query, -1);
  if (button.name === "later") move(query, 1);
  if (button.name === "remove") remove(query);
  if (button.name === "show") window.seedfacesAct("gallery", "kept", kept);
  if (button.name === "morph") window.seedfacesAct("gallery", "morph kept", kept);
  if (button.name === "clear") cleared ? write(cleared) : (read(), write([], kept));
});
window.addEventListener("storage", (event) => {
  if (event.key !== KEY && event.key !== null) return; // another tab changed it
  cleared = null;
  read();
  show();
});
read();
show();
