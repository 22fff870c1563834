// Starts the page: joins the tabs, the card and the kept faces, and makes it work without a network.
import * as about from "./about.js";
import * as card from "./card.js";
import * as find from "./find.js";
import { fail, start } from "./frame.js";
import * as gallery from "./gallery.js";
import * as kept from "./kept.js";
import * as morph from "./morph.js";
import * as verdict from "./verdict.js";

start({ gallery, morph, find, verdict, about }, [card, kept], card.moved).then(card.restore, fail);
// the service worker fetches the page once more, so it waits until the weights are there
document.addEventListener("seedfaces-loaded", offline, { once: true });

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
