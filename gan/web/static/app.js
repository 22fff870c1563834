// Starts the page: joins the tabs, the card and the kept faces, and makes it work without a network.
import * as card from "./card.js";
import { fail, start, view } from "./frame.js";
import * as gallery from "./gallery.js";
import * as kept from "./kept.js";

const parts = {
  gallery,
  morph: later(() => import("./morph.js")),
  find: later(() => import("./find.js")),
  verdict: later(() => import("./verdict.js")),
  about: later(() => import("./about.js")),
};
start(parts, [card, kept], card.moved).then(card.restore, fail);
// the service worker fetches the page once more, so it waits until the weights are there
document.addEventListener("seedfaces-loaded", offline, { once: true });

/** A tab whose module is loaded with its first view, so that the first gallery comes sooner. */
function later(load) {
  let part = null;
  return {
    async show(next, ...more) {
      try {
        const { show } = await (part ??= load());
        if (next === view) show(next, ...more); // it was not left meanwhile
      } catch {
        part = null;
        fail(new Error("A part of this page could not be loaded: check the network, then reload the page."));
      }
    },
    leave: () => part?.then(({ leave }) => leave?.()),
  };
}

/** Makes the page work without a network: the service worker keeps its files, and the weights that are loaded. */
async function offline() {
  if (!navigator.serviceWorker) return; // not https
  try {
    await navigator.serviceWorker.register("sw.js");
  } catch {
    return; // a private window may forbid it: the page needs the network, and works
  }
  const { active } = await navigator.serviceWorker.ready;
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  active.postMessage(loaded.filter((name) => name.startsWith(String(new URL("weights/", location)))));
}
