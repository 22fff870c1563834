// The link box: shows the link to the current view, keeps the address bar and the history in step, and listens to Back.
const box = element.querySelector("input");
const button = element.querySelector("button");
const latest = {}; // the last query of each tab, and what was chosen then, to return to when it is selected again
let chosen = ""; // the weights of the faces seen last: the next tab goes on with them
let backs = 0; // how often Back or Forward was pressed
let open = 0; // the press that is being answered, if any
let at = ""; // the tab that is looked at
let drawn = ""; // the weights and the look that the kept faces were drawn with
let resized = 0; // when "How many" last changed what is shown, milliseconds
const tabOf = (query) => new URLSearchParams(query).get("tab") || "gallery";
const weightsOf = (query) => new URLSearchParams(query).get("w");
// the look of a view is every field of its link but these
const BESIDE = ["v", "tab", "seeds", "frames", "loop", "w", "__theme"];
const isLook = ([name]) => !BESIDE.includes(name);
const lookOf = (query) => String([...new URLSearchParams(query)].filter(isLook));
const withoutLook = (query) => String([...new URLSearchParams(query)].filter((field) => !isLook(field)));
const start = (query) => tabOf(query) + parseInt(new URLSearchParams(query).get("seeds"));

// on a Space the page is in an iframe: its own address is not the one to hand on
window.seedfacesLink = (query) => (props.outer || location.origin + location.pathname) + "?" + query;

function follow() {
  // "query"; "query#n": the answer to the n-th press of Back; "query#again": in place of the view before
  const [query, how] = (props.value || "").split("#");
  if (Number(how)) settled(Number(how));
  if (!query || (how && how !== "again" && Number(how) !== backs)) return; // a later answer is on its way
  if (!at || Number(how)) at = tabOf(query); // the page turns with the answer to Back, if it has not yet
  if (tabOf(query) !== at) { // asked for in a tab that was left since, or one that the page is about to turn to
    latest[tabOf(query)] = { query, chosen };
    if (latest[at]) props.value = latest[at].query;
    return;
  }
  // a verdict that is looked at again takes no choice back
  const weights = weightsOf(query);
  if (weights && (tabOf(query) !== "verdict" || !chosen)) {
    const look = weights + lookOf(query);
    if ((look !== drawn || how === "again") && window.seedfacesKept?.any()) trigger("other_faces");
    [chosen, drawn] = [weights, look];
  }
  latest[tabOf(query)] = { query, chosen };
  box.value = window.seedfacesLink(query);
  const now = location.search.slice(1);
  const theme = new URLSearchParams(now).get("__theme");
  const address = "?" + query + (theme ? "&__theme=" + encodeURIComponent(theme) : "");
  if (address !== "?" + now) {
    // the first view replaces what was typed; a slider that is dragged must not fill the history
    const varied = withoutLook(address) === withoutLook(now);
    const counted = !varied && start(query) === start(now);
    const replace = how || !history.state?.seedfaces || varied || (counted && Date.now() - resized < 1000);
    if (counted) resized = Date.now();
    history[replace ? "replaceState" : "pushState"]({ seedfaces: true }, "", address);
  }
  // tells the page around a Space; whoever embeds the page may know which faces are shown: the link is no secret
  if (window.parent !== window) window.parent.postMessage({ queryString: query }, "*");
}

watch("value", follow);
follow(); // the first value may be there before anybody watches it

const navigate = (query, answers) => trigger("navigate", { query, answers, weights: chosen });

// one press is answered at a time: of two answers the first may arrive last, and would turn the page back
function ask() {
  navigate(location.search, (open = backs));
  setTimeout(settled, 5000, open); // in a crowd an answer may be refused
}
function settled(press) {
  if (press !== open) return;
  open = 0;
  if (press !== backs) ask(); // Back was pressed again in the meantime
}
window.addEventListener("popstate", () => ++backs && !open && ask());

// called when a tab was selected, by hand or because a view asked for it
window.seedfacesTab = (tab) => setTimeout(() => {
  at = tab;
  if (tabOf(props.value.split("#")[0]) === tab) return follow();
  const last = latest[tab];
  if (last && (last.chosen === chosen || tab === "verdict")) { // a verdict may be on a picture, which no link brings back
    props.value = last.query;
    return follow();
  }
  const query = last ? last.query.replace(/&w=[^&]*/, "") : "v=1&tab=" + tab;
  navigate("?" + query + (chosen && "&w=" + chosen), 0);
}, 0);

// on a phone a link goes to whoever it is meant for, from the phone's own sheet; elsewhere onto the clipboard
const shares = matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ url: location.href });
window.seedfacesHandOn = (button, box) => {
  const label = (button.textContent = shares ? "Share link" : "Copy link");
  button.onclick = async () => {
    try {
      if (shares) return await navigator.share({ title: document.title, url: box.value });
      await navigator.clipboard.writeText(box.value);
    } catch (error) {
      if (error.name === "AbortError") return; // the sheet was closed
      box.select(); // where the browser forbids it, in some iframes
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 1500);
  };
};
window.seedfacesHandOn(button, box);
box.addEventListener("focus", () => box.select());
