// The faces that a visitor keeps, each as the query of its own link, which holds its weights and its look. The list is
// stored in this browser alone and shared by its tabs. Where storage is forbidden (a frame in a private window) or full, it
// lasts until the page is closed.
import { alike, morphOf } from "./actions.js";
import * as card from "./card.js";
import { find, make, onButton } from "./dom.js";
import * as face from "./face.js";
import { go, view } from "./frame.js";
import { cannot, has, of } from "./models.js";
import { decode } from "./link.js";

const KEY = "seedfaces-kept"; // the Gradio page's, too
const MOST = 64;
// a seed or a place, with the fields of a look
const FACE = /^v=1&seeds=((?:[\d~@.]|%28|%29)+)(&[a-z_]+=-?[\d.]+)*(&d=[0-9a-f]{12})?(&w=[0-9a-f]{12})?$/;
const section = find("#kept");
const list = find("#kept-faces ul");
const part = (name) => find(`[name="${name}"]`, section);
let kept = []; // queries, in the visitor's order
let cleared = null; // what Undo brings back
let stored = true; // whether storage holds the same list, as far as this tab knows
const items = new Map(); // by query: its element, drawn or being drawn

function read() {
  if (!stored) return; // what is in memory counts
  try {
    const found = JSON.parse(localStorage.getItem(KEY)) ?? [];
    kept = [...new Set(found.filter((query) => FACE.test(query)))].slice(0, MOST);
  } catch {
    kept = []; // forbidden, or damaged
  }
}

function write(queries, undo = null) {
  [kept, cleared] = [queries, undo];
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
    stored = true;
  } catch {
    stored = false; // forbidden, or full
  }
  show();
}

export const isKept = (query) => kept.includes(query);
export const all = () => [...kept];

/** Keeps a face or takes it out again; returns whether there was room. */
export function toggle(query) {
  read();
  if (kept.includes(query)) write(kept.filter((other) => other !== query));
  else if (kept.length >= MOST) return false;
  else write([...kept, query]);
  return true;
}

function move(query, by) {
  read();
  const place = kept.indexOf(query);
  if (place < 0) return show();
  kept.splice(place, 1);
  kept.splice(Math.max(0, place + by), 0, query);
  write(kept);
}

/** Whether the page has the weights of a face, and they can shape it so. */
const canShow = ({ weights, look }) => has(weights) && !cannot(look, of(weights));

// faces are drawn when they are seen, one after the other: each may need weights that take a while
let queue = Promise.resolve();
const inSight = new IntersectionObserver((entries) => {
  for (const { target } of entries.filter(({ isIntersecting }) => isIntersecting)) {
    inSight.unobserve(target);
    queue = queue.then(() => drawItem(target));
  }
});

async function drawItem(li) {
  const button = li.firstElementChild;
  const shown = face.faceOf(button.dataset.query);
  try {
    face.fill(li, shown, await face.draw(shown));
  } catch {
    button.disabled = true;
  }
}

function item(query) {
  const li = face.item();
  const { seed, ...rest } = face.faceOf(query);
  const tool = (name, sign, words) =>
    make("button", { type: "button", name, ariaLabel: `${words} seed ${seed}`.trim() }, sign);
  const earlier = make("button", { type: "button", name: "earlier", ariaLabel: `Move seed ${seed} earlier` }, "←");
  const later = make("button", { type: "button", name: "later", ariaLabel: `Move seed ${seed} later` }, "→");
  li.append(make("span", { className: "tools" }, earlier, tool("remove", "×", "Remove"), later));
  const shown = { ...rest, seed, query };
  face.name(li, shown);
  const button = li.firstElementChild;
  button.disabled = !canShow(decode(query).view);
  button.title = face.wordsOn(shown);
  button.classList.add("coming");
  if (!button.disabled) inSight.observe(li);
  return li;
}

function show() {
  const focused = document.activeElement;
  const place = [...list.children].indexOf(focused.closest("li"));
  for (const query of items.keys()) if (!kept.includes(query)) items.delete(query);
  for (const query of kept) if (!items.has(query)) items.set(query, item(query));
  list.replaceChildren(...kept.map((query) => items.get(query)));
  section.hidden = !kept.length && !cleared;
  part("show").hidden = part("morph").hidden = !kept.length;
  part("clear").textContent = cleared ? "Undo" : "Clear";
  find("p", section).textContent = sentence();
  // the focus follows its face, or goes to the one that took its place
  const next = list.children[Math.min(place, kept.length - 1)];
  const same = list.contains(focused) ? focused : next && find(`[name="${focused.name}"]`, next);
  if (place >= 0) same?.focus();
  document.dispatchEvent(new Event("seedfaces-kept"));
}

function sentence() {
  const faces = (count) => (count === 1 ? "1 face" : `${count} faces`);
  if (cleared) return `${faces(cleared.length)} removed.`;
  const missing = kept.filter((query) => !canShow(decode(query).view)).length;
  return missing ? `${faces(missing)} cannot be drawn: this page does not have the weights.` : "";
}

function mark() {
  for (const button of document.querySelectorAll(":is(#gallery-faces, #find-faces) .face")) {
    find(".mark", button).hidden = !isKept(button.dataset.query);
  }
}

onButton(section, (button) => {
  const query = button.closest("li")?.firstElementChild.dataset.query;
  if (button.matches(".face")) card.open(button);
  if (button.name === "earlier") move(query, -1);
  if (button.name === "later") move(query, 1);
  if (button.name === "remove") toggle(query);
  if (button.name === "clear") {
    const before = kept;
    write(cleared ?? [], cleared ? null : before);
  }
  const found = alike(
    kept.map((each) => decode(each).view),
    canShow,
  );
  if (button.name === "show") go(found.view ?? view, { said: found.said });
  if (button.name === "morph") {
    const { view: next, said } = morphOf(view, found);
    go(next, { said });
  }
});
document.addEventListener("seedfaces-kept", mark);
addEventListener("storage", ({ key }) => {
  if (key !== KEY && key !== null) return; // another tab of the browser changed it
  cleared = null;
  read();
  show();
});

/** Shows the kept faces, when the page knows its weights. */
export function build() {
  read();
  show();
}
