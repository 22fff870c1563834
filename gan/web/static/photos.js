// Photos, for the tabs that take one: the worker that reads them, and how a visitor hands them over.
import { make } from "./dom.js";
import { ask, engine, fetched } from "./load.js";
import { photoFiles } from "./models.js";

document.head.append(make("link", { rel: "stylesheet", href: "photos.css" }));

let worker = null; // promise of a function that asks the worker, loaded when it is first needed

/** Loads what a task needs, once → a promise of a function: message → the worker's answer.
 *  files: addresses by name; more: a promise of what else the message `task` takes. */
export function opener(task, files, more) {
  let opened = null;
  return () => {
    opened ??= open(task, files(), more());
    opened.catch(() => (opened = null)); // it can be tried again
    return opened;
  };
}

async function open(task, addresses, more) {
  worker ??= start();
  worker.catch(() => (worker = null));
  const [asked, extra, ...given] = await Promise.all([worker, more, ...Object.values(addresses).map(fetched)]);
  const files = Object.fromEntries(Object.keys(addresses).map((name, i) => [name, given[i].bytes]));
  await asked({ task, files, ...extra });
  return asked;
}

async function start() {
  const [module, { bytes }] = await Promise.all([engine("filters.wasm"), fetched(photoFiles.yunet)]);
  const started = new Worker(new URL("photo_worker.js", import.meta.url), { type: "module" });
  let before = ask(started, { task: "open", module, bytes });
  await before;
  // a worker is asked one thing at a time
  return (message) => {
    const done = before.then(() => ask(started, message));
    before = done.catch(() => {});
    return done;
  };
}

/** A file of words that the build wrote → its content. */
export async function wordsOf(name) {
  const { bytes } = await fetched(name);
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Calls a function with each file that is chosen, dropped or pasted in a tab. */
export function onPhoto(tab, take) {
  const chooser = tab.querySelector("input[type=file]");
  const first = (files) => files?.length && take(files[0]);
  const chosen = () => {
    first(chooser.files);
    chooser.value = ""; // the same file can be chosen again
  };
  chooser.addEventListener("change", chosen);
  chosen(); // before this script was there
  for (const name of ["dragover", "drop"]) {
    tab.addEventListener(name, (event) => {
      event.preventDefault(); // the browser would open the file
      if (name === "drop") first(event.dataTransfer.files);
    });
  }
  document.addEventListener("paste", ({ clipboardData }) => !tab.hidden && first(clipboardData.files));
}

/** A function that shows in a place what some work answers, unless it was called again meanwhile; `lay` lays it out. */
export function answering(place, lay) {
  let asked = 0;
  return async (work) => {
    const mine = ++asked;
    place.replaceChildren(make("p", { role: "status" }, "The page is looking for faces …"));
    place.setAttribute("aria-busy", "true");
    try {
      const found = await work();
      if (mine === asked) lay(found);
    } catch (error) {
      if (mine === asked) refuse(place, error);
    }
    if (mine === asked) place.removeAttribute("aria-busy");
  };
}

/** Shows why there is no answer. */
export function refuse(place, { message }) {
  const sentence = make("p", { className: "refused" }, message);
  sentence.setAttribute("role", "alert");
  place.replaceChildren(sentence);
}

/** Text with **bold** parts → nodes. */
export const bold = (markdown) =>
  markdown.split("**").map((text, i) => (i % 2 ? make("strong", {}, text) : document.createTextNode(text)));
