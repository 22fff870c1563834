// The frame that joins the tabs: one view at a time, its link, and Back and Forward.
import { find, make, onButton, say } from "./dom.js";
import { decode, encode } from "./link.js";
import { pasted } from "./link_text.js";
import * as models from "./models.js";

const TABS = ["gallery", "morph", "find", "verdict", "about"];
const parts = {}; // by tab: { show(view, entry, { arrived }), leave() }
const latest = {}; // by tab: its last view
let chosen = ""; // the weights of the faces seen last, which the next tab uses, too
export let view = null; // the one that is shown
const MOST_OFTEN = 400; // milliseconds from address to address while a slider is dragged: Safari refuses 100 in 30 s
let entered = -Infinity; // when the last address was written
let late = null; // { write, timer }: an address that waits
let repo = ""; // user/name of ?model=, which stays in every link

/** The repo on the Hub that a query asks for; "" if none. */
export const repoOf = (query) => new URLSearchParams(query).get("model") ?? "";

/** The address of a view, or of the query of one. */
export const address = (query) => `?${query}${repo ? `&model=${encodeURIComponent(repo)}` : ""}`;
export const linkTo = (query) => location.origin + location.pathname + address(query);

/** Shows a view, and makes it an entry of the history.
 *  @param notes sentences about what of a link could not be honoured
 *  @param said sentences about what the visitor did, beside the controls
 *  @param wrong whether they are about what was typed, which stays to be corrected
 *  @param step what was moved; what is moved repeatedly is one entry of the history
 *  @param replace whether the view takes the place of the entry before it
 *  @param arrived whether it comes by a link or by Back, so that all controls follow it */
export function go(next, { notes = [], said = [], wrong = false, ...how } = {}) {
  const { step = "", replace = false, arrived = false } = how;
  notes = [...notes, ...otherFaces(next)];
  const entry = models.of(next.seeds.length ? next.weights : chosen);
  chosen = entry.id;
  if (next.seeds.length) next = { ...next, weights: entry.id, look: models.fitting(next.look, entry) };
  const own = address(encode(next));
  enter(own, step, replace);
  view = latest[next.tab] = next;
  const box = find("#link input");
  box.value = linkTo(encode(view));
  box.scrollLeft = 0; // and shown only now: WebKit may paint an older value otherwise
  find("#link").hidden = false;
  // tells the page around a Space; the link is no secret, so any embedding page may know it
  if (window.parent !== window) window.parent.postMessage({ queryString: own.slice(1) }, "*");
  select(view.tab);
  say(find("#notes"), notes);
  const place = find(`#${view.tab}-said`);
  if (place) say(place, said);
  if (said.length) place.scrollIntoView({ block: "nearest", behavior: "instant" });
  parts[view.tab].show(view, entry, { arrived, wrong });
}

/** Makes an address the one that the browser shows, as an entry of the history or in the place of the last one. */
function enter(own, step, replace) {
  const dragged = step === "variation" || (step && step === history.state?.step);
  if (dragged && !replace && performance.now() - entered < MOST_OFTEN) {
    clearTimeout(late?.timer);
    late = { write: () => enter(own, step, true), timer: setTimeout(settle, MOST_OFTEN) };
    return;
  }
  settle();
  const same = !view || replace || dragged || own === location.search;
  const card = !view && history.state?.card; // after a reload
  history[same ? "replaceState" : "pushState"]({ step, card }, "", own);
  entered = performance.now();
}

/** Writes the address that waits, where one does. */
export function settle() {
  const { write, timer } = late ?? {};
  clearTimeout(timer);
  late = null;
  write?.();
}

/** Follows a query, or the address of the page, as a link. */
export async function follow(query, options = {}) {
  const { view: next, notes } = decode(query);
  await models.look(next);
  go(next, { notes, arrived: true, ...options });
}

/** People paste links where they type seeds: follows the one that a text holds, and returns whether it holds one. */
export function followPasted(text) {
  const query = pasted(text);
  if (query) follow(query);
  return Boolean(query);
}

function otherFaces({ weights, look }) {
  if (!models.has(weights)) {
    return [
      "These faces were made with other weights, which this page does not have. The same seeds are shown with the " +
        "current weights, so the faces differ.",
    ];
  }
  const cannot = models.cannot(look, models.of(weights));
  return cannot ? [`${cannot} The faces are shown as near to that as possible.`] : [];
}

/** A problem of the page itself, in one sentence, above everything. */
export const fail = (error) => say(find("#notes"), [error.message]);

/** Loads the generator of an entry, with a sentence where that takes a while. Throws where it cannot be loaded, or when
 *  the signal says that it is no longer needed. */
export async function loaded(entry, signal) {
  const wait = find("#wait");
  const slow = setTimeout(() => (wait.textContent = "The weights are being loaded …"), 500);
  try {
    const left = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    await Promise.race([models.facesOf(entry), left]);
    document.dispatchEvent(new Event("seedfaces-loaded"));
  } finally {
    clearTimeout(slow);
    wait.textContent = "";
  }
}

function select(tab) {
  for (const name of TABS) {
    const chosen = name === tab;
    find(`#${name}`).hidden = !chosen;
    const button = find(`#${name}-tab`);
    button.setAttribute("aria-selected", chosen);
    button.tabIndex = chosen ? 0 : -1;
  }
  for (const [name, part] of Object.entries(parts)) if (name !== tab) part.leave?.();
}

/** A tab is selected again as it was left; other weights chosen meanwhile are used there, too. */
function choose(tab) {
  const last = latest[tab];
  const next = last ?? decode(`tab=${tab}`).view;
  // other weights have directions of their own
  const look = last?.weights === chosen ? next.look : { ...next.look, directions: "" };
  // found seeds keep their weights
  const moved = next.seeds.length && tab !== "find" ? { ...next, weights: chosen, look } : next;
  go(moved, { arrived: true });
}

/** The buttons of weights above the faces of a tab. */
export function showChooser(tab, entry) {
  const found = models.choices(entry);
  const buttons = found.map(({ id, label, chosen }) => {
    const button = make("button", { type: "button", data: { weights: id } }, label);
    button.setAttribute("aria-pressed", chosen);
    return button;
  });
  find(`#${tab} .chooser`).replaceChildren(...(found.length > 1 ? buttons : []));
}

/** On a phone the link goes to the system's share sheet, elsewhere to the clipboard. */
export function handOn(button, box) {
  const shares = matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ url: location.href });
  const label = (button.textContent = shares ? "Share link" : "Copy link");
  button.onclick = async () => {
    let said = "Copied";
    try {
      if (shares) return await navigator.share({ title: document.title, url: box.value });
      await navigator.clipboard.writeText(box.value);
    } catch (error) {
      if (error.name === "AbortError") return; // the share sheet was closed
      box.select(); // some frames may not write to the clipboard, and a page without https has none
      if (!document.execCommand("copy")) said = "Press Ctrl+C";
    }
    button.textContent = said;
    setTimeout(() => (button.textContent = label), 1500);
  };
  box.onfocus = () => box.select();
}

function onKey(event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const place = TABS.findIndex((tab) => event.target.id === `${tab}-tab`);
  if (!by || place < 0) return;
  const tab = TABS[(place + by + TABS.length) % TABS.length];
  choose(tab);
  find(`#${tab}-tab`).focus();
}

/** Begins: `given` has the parts by tab, `others` what else has controls, and `moved` says whether Back or Forward only
 *  opened or closed a face. */
export async function start(given, others, moved) {
  Object.assign(parts, given);
  find("#wait").className = find("#wait").textContent = "";
  repo = repoOf(location.search);
  const notes = await models.load(repo);
  if (models.current.repo !== repo) repo = "";
  for (const part of [...Object.values(parts), ...others]) part.build?.();
  const { view: first, notes: more } = decode(location.search);
  await models.look(first);
  go(first, { notes: [...notes, ...more], arrived: true });
  onButton(find("#tabs"), ({ id }) => choose(id.replace("-tab", "")));
  find("#tabs").addEventListener("keydown", onKey);
  for (const tab of ["gallery", "morph"]) {
    onButton(find(`#${tab} .chooser`), ({ dataset }) => {
      go({ ...view, weights: dataset.weights, look: { ...view.look, directions: "" } });
    });
  }
  handOn(find("#link button"), find("#link input"));
  addEventListener("popstate", () => {
    clearTimeout(late?.timer);
    late = null; // of the entry that was left
    if (!moved(location.search === address(encode(view)))) follow(location.search, { replace: true });
  });
}
