// What the visitor does, in order. One question at a time goes to the server: the view where it begins and all that was done since.
// What is done meanwhile waits for the next one, so nothing is lost, nothing happens twice, and the last setting wins.
const pending = []; // {number, tab, name, value}: what no answer covers yet
const known = {}; // per tab and control: what it shows, as far as the visitor or a view has set it
const views = {}; // per tab and control: what the last view shows
const wanted = {}; // per tab and control: what the views should show, unless the visitor has set it since
let lost = false; // what the visitor did was given up: all controls follow the view
let number = 0;
let asked = 0; // the last action of the open question; 0: none is open
let refusals = 0; // in a row
let timer; // before the next question
let patience; // after it

function act(tab, name, value, wait = 0) {
  pending.push({ number: ++number, tab, name, value });
  if (refusals) return; // it is asked with what waits
  clearTimeout(timer);
  timer = setTimeout(ask, wait);
}
window.seedfacesAsks = () => pending.length > 0;
function ask() {
  // the first view is a question, too, which the page itself asks: an answer to it must not come after this one
  if (asked || !pending.length || !props.value?.query) return;
  const { tab } = pending[0];
  const other = pending.findIndex((action) => action.tab !== tab);
  const actions = other < 0 ? pending : pending.slice(0, other);
  asked = actions.at(-1).number;
  const rest = { at, weights: chosen, base: latest[tab]?.query || location.search };
  trigger("ask", { ...rest, actions: actions.map(({ number, tab, name, value }) => [number, tab, name, value]) });
  patience = setTimeout(refused, 60000); // an answer that is lost
  setTimeout(showBusy, 400);
}
// returns the names of what was answered
function answered(upto) {
  const names = [];
  while (pending.length && pending[0].number <= upto) names.push(pending.shift().name);
  asked = refusals = 0;
  clearTimeout(patience);
  clearTimeout(timer);
  timer = setTimeout(ask);
  showBusy();
  return names;
}
// under load the server refuses; the question is asked again, and given up after some minutes
function refused() {
  clearTimeout(patience);
  const upto = asked;
  asked = 0;
  if (++refusals < 6) timer = setTimeout(ask, 2000 * 2 ** refusals);
  else {
    answered(upto);
    lost = true;
    trigger("settle");
  }
}
window.seedfacesRefused = refused;
const showBusy = () => document.getElementById("tabs")?.setAttribute("aria-busy", String(asked > 0));

function setByVisitor(tab, name, value) {
  (known[tab] ||= {})[name] = value;
  delete wanted[tab]?.[name];
}
// a button; `shown` is what its control shows
window.seedfacesAct = (tab, name, value, shown) => {
  if (shown !== undefined) setByVisitor(tab, name, shown);
  act(tab, name, value);
};
// a slider: of what it passes while it is dragged, only the last setting counts. Its number box may be empty for a moment.
window.seedfacesSet = (tab, name, value) => {
  if (typeof value !== "number" || known[tab]?.[name] === value) return;
  setByVisitor(tab, name, value);
  const last = pending.at(-1);
  if (last && last.number > asked && last.tab === tab && last.name === name) pending.pop();
  act(tab, name, value, tab === "morph" ? 300 : 0); // a morph takes longer than faces
};
// a slider or its number box is left, and Gradio brings what is beyond its range back into it; returns what it then shows
window.seedfacesReleased = (tab, name, value, least, most) => {
  if (typeof value !== "number") return known[tab]?.[name] ?? { __type__: "update" };
  window.seedfacesSet(tab, name, Math.min(Math.max(value, least), most));
  return { __type__: "update" };
};
// Gradio's Reset brings back what a slider showed when its panel was opened, which may be anything
const reset = (event) => {
  const button = event.target.closest?.(".shape .reset-button");
  if (!button) return;
  event.stopPropagation();
  const [tab, name] = button.closest('[id^="gallery-"], [id^="morph-"]').id.split("-");
  window.seedfacesAct(tab, name, 0);
};
document.addEventListener("click", reset, true);
// the values of all controls after a view: what the visitor has changed meanwhile stays. `controls` are [tab, name, first value].
window.seedfacesControls = (controls, values) => {
  const keep = { __type__: "update" };
  const next = controls.map(([tab, name, first], place) => {
    const shown = (known[tab] ||= {});
    const now = values[place];
    const changed = now !== (shown[name] ?? first);
    if (changed && !(name in shown)) window.seedfacesSet(tab, name, now); // before the page listened
    if (!lost && (changed || pending.some((action) => action.tab === tab))) return keep;
    const value = (lost ? views : wanted)[tab]?.[name] ?? now;
    shown[name] = value;
    return value === now ? keep : value;
  });
  lost = false;
  return next;
};

