// The tab "Real or fake": a picture in, the verdict on its face out. All of it stays in the browser.
import { layOut } from "./answer.js";
import { find, make } from "./dom.js";
import * as face from "./face.js";
import { go, loaded, view } from "./frame.js";
import { ask, engine, fetched } from "./load.js";
import { judgeFiles } from "./models.js";
import { text as textOf } from "./point.js";

const tab = find("#verdict");
const answer = find(".answer", tab);
const chooser = find("input", tab);
let ready = null; // promise of { worker, waiting, trust }
let shown = ""; // the point whose face is judged, with its look and weights; "": a file, or nothing yet
let asked = 0; // number of what was asked last: only the answer to that is shown

/** A view names the face of a seed, or nothing: a photo is in no link. */
export async function show(next, entry) {
  open().then(({ trust }) => find("#trust").replaceChildren(...bold(trust)), refuse);
  const [point] = next.seeds;
  const query = point === undefined ? "" : face.queryOf(next, point);
  if (query === shown) return;
  shown = query;
  answer.replaceChildren();
  if (!query) return;
  try {
    await loaded(entry, new AbortController().signal);
    const pixels = await face.draw(face.faceOf(query));
    await judge({ pixels, seed: textOf(point) });
  } catch (error) {
    refuse(error);
  }
}

/** Everything the verdict takes, loaded once, when it is first needed. */
function open() {
  ready ??= start();
  ready.catch(() => (ready = null)); // it can be tried again
  return ready;
}

async function start() {
  const names = Object.keys(judgeFiles);
  const parts = names.map((name) => fetched(judgeFiles[name]));
  const [module, config, ...given] = await Promise.all([engine(), said(), ...parts]);
  const files = Object.fromEntries(names.map((name, i) => [name, given[i].bytes]));
  const worker = new Worker(new URL("judge_worker.js", import.meta.url), { type: "module" });
  await ask(worker, { task: "open", module, files, config });
  return { worker, waiting: inTurn(), trust: config.trust };
}

/** What verdict.json says: words, calibration, what the detector can and cannot know. */
async function said() {
  const { bytes } = await fetched("verdict.json");
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Shows the verdict on a picture: { file } or { pixels, seed }, whose face these are. */
async function judge(picture) {
  const mine = ++asked;
  answer.replaceChildren(make("p", { role: "status" }, "The page is looking for faces …"));
  answer.setAttribute("aria-busy", "true");
  try {
    const { worker, waiting } = await open();
    const found = await waiting(() => mine === asked && ask(worker, { task: "judge", ...picture }));
    if (found && mine === asked) layOut(answer, found);
  } catch (error) {
    if (mine === asked) refuse(error);
  }
  if (mine === asked) answer.removeAttribute("aria-busy");
}

/** A function that calls another when what was passed before it is done: a worker is asked one thing at a time. */
function inTurn() {
  let before = Promise.resolve();
  return (work) => {
    const done = before.then(work);
    before = done.catch(() => {});
    return done;
  };
}

function refuse(error) {
  const sentence = make("p", { className: "refused" }, error.message);
  sentence.setAttribute("role", "alert");
  answer.replaceChildren(sentence);
}

const bold = (markdown) => markdown.split("**").map((text, i) => (i % 2 ? make("strong", {}, text) : text));

/** A file that was chosen, dropped or pasted. */
function take(files) {
  if (!files?.length) return;
  shown = "";
  if (view.seeds.length) go({ ...view, seeds: [] });
  judge({ file: files[0] });
}

chooser.addEventListener("change", () => {
  take(chooser.files);
  chooser.value = ""; // the same file can be chosen again
});
for (const name of ["dragover", "drop"]) {
  tab.addEventListener(name, (event) => {
    event.preventDefault(); // the browser would open the file
    if (name === "drop") take(event.dataTransfer.files);
  });
}
document.addEventListener("paste", ({ clipboardData }) => !tab.hidden && take(clipboardData.files));
