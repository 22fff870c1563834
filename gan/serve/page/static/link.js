// The link box: shows the link to the current view, updates the address bar and the history, and handles Back.
const box = element.querySelector("input");
const button = element.querySelector("button");
const latest = {}; // the last query of each tab and the weights chosen then, restored when the tab is selected again
let chosen = ""; // the weights of the faces seen last, which the next tab uses, too
let at = ""; // the tab that is shown
let address = ""; // of what is shown
let done = []; // the names of the actions since the last entry of the history
const OF_A_PICTURE = ["verdict", "find"]; // tabs that may be about an upload, which no link brings back, and its weights
const tabOf = (query) => new URLSearchParams(query).get("tab") || "gallery";
const weightsOf = (query) => new URLSearchParams(query).get("w");
// the look of a view is every field of its link but these
const BESIDE = ["v", "tab", "seeds", "frames", "loop", "w", "__theme"];
const isLook = ([name]) => !BESIDE.includes(name);
const withoutLook = (query) => String([...new URLSearchParams(query)].filter((field) => !isLook(field)));

// on a Space the page is in an iframe, whose own address is not the public one
window.seedfacesLink = (query) => (props.outer || location.origin + location.pathname) + "?" + query;

let back = 0; // the action that is the last press of Back: its answer makes no new entry of the history

// `arrived`: the value is new; a tab that is selected again follows it once more
function follow(arrived = true) {
  const { query, turned, controls, upto, again, waiting } = props.value || {};
  if (arrived && upto !== undefined && asked) done.push(...answered(upto || asked));
  if (!query) return;
  if (!asked && !refusals) setTimeout(ask); // what was done before the first view
  const tab = tabOf(query);
  if (arrived && controls) {
    views[tab] = { ...views[tab], ...controls };
    wanted[tab] = { ...wanted[tab], ...controls };
    trigger("settle");
  }
  if (!at || turned) at = tab;
  if (tab !== at) { // of a tab that was left meanwhile
    latest[tab] = { query, chosen, waiting };
    if (latest[at]) props.value = { query: latest[at].query };
    return;
  }
  // returning to what a picture led to must not undo a choice of weights
  const weights = weightsOf(query);
  if (weights && (!OF_A_PICTURE.includes(tab) || !chosen)) chosen = weights;
  latest[tab] = { query, chosen, waiting };
  box.value = window.seedfacesLink(query);
  if (pending.some((action) => action.tab === tab || !action.tab)) return; // a later answer is coming
  const now = location.search.slice(1);
  const theme = new URLSearchParams(now).get("__theme");
  address = "?" + query + (theme ? "&__theme=" + encodeURIComponent(theme) : "");
  if (address !== "?" + now) {
    // the first view replaces the typed address, Back's that of its own entry; dragging a slider must not fill the history
    const varied = withoutLook(address) === withoutLook(now) && !done.some((name) => props.steps.includes(name));
    const counted = props.steps.includes(done[0]) && done.every((name) => name === done[0]) && done[0];
    const dragged = counted && history.state?.counted === counted;
    const replace = again || (back && upto === back) || !history.state?.seedfaces || varied || dragged;
    const card = window.seedfacesCard?.there() && history.state?.card; // a face is shown large: its entry stays the last
    history[replace || card ? "replaceState" : "pushState"]({ seedfaces: true, counted }, "", address);
    if (card) history.pushState({ seedfaces: true, card }, "", address);
  }
  done = [];
  // tells the page around a Space; the link is no secret, so any embedding page may know it
  if (window.parent !== window) window.parent.postMessage({ queryString: query }, "*");
}

watch("value", () => follow());
follow(); // the first value may arrive before watch() is called

window.addEventListener("popstate", () => {
  if (window.seedfacesCard?.moved(location.search === address)) return; // only the face card was closed or opened
  pending.splice(pending.findLastIndex((action) => action.number <= asked) + 1); // Back leaves what was done last
  act("", "go", location.search);
  back = number;
});

// called when a tab is selected, by the visitor or by a view
let visit = 0; // the action that opens a tab for the first time
window.seedfacesTab = (tab) => setTimeout(() => {
  at = tab;
  const left = pending.findIndex(({ number }) => number === visit && number > asked);
  if (left >= 0) pending.splice(left, 1); // it was left before it was asked for
  if (!["gallery", "find"].includes(tab)) window.seedfacesCard?.close(); // its face is no longer on the page
  if (tabOf(props.value.query) === tab) return follow(false);
  const last = latest[tab];
  if (last && !last.waiting && (last.chosen === chosen || OF_A_PICTURE.includes(tab))) {
    props.value = { query: last.query };
    return follow(false);
  }
  // other weights have directions of their own
  const own = last?.chosen === chosen ? /&w=[^&]*/ : /&[dw]=[^&]*/g;
  const query = last ? last.query.replace(own, "") : "v=1&tab=" + tab;
  act("", "go", "?" + query + (chosen && "&w=" + chosen));
  visit = number;
}, 0);

// on a phone the link goes to the system's share sheet, elsewhere to the clipboard
const shares = matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ url: location.href });
window.seedfacesHandOn = (button, box) => {
  const label = (button.textContent = shares ? "Share link" : "Copy link");
  button.onclick = async () => {
    let said = "Copied";
    try {
      if (shares) return await navigator.share({ title: document.title, url: box.value });
      await navigator.clipboard.writeText(box.value);
    } catch (error) {
      if (error.name === "AbortError") return; // the share sheet was closed
      box.select(); // some iframes may not write to the clipboard
      if (!document.execCommand("copy")) said = "Press Ctrl+C";
    }
    button.textContent = said;
    setTimeout(() => (button.textContent = label), 1500);
  };
};
window.seedfacesHandOn(button, box);
box.addEventListener("focus", () => box.select());
