// The morph tab: from face to face along the sphere of the latents, drawn live.
import { typedMorph } from "./actions.js";
import { during, find, newest, onButton, paint } from "./dom.js";
import * as face from "./face.js";
import { FRAME_MILLISECONDS, morphFile, save } from "./files.js";
import { fail, followPasted, go, loaded, showChooser, view } from "./frame.js";
import * as kept from "./kept.js";
import { decode, formatPoints, FRAMES } from "./link.js";
import { lookOf } from "./look.js";
import { along, pictures } from "./models.js";
import { between, text as textOf } from "./point.js";
import { shapePanel, slider, variationSlider } from "./sliders.js";
import { canWriteWebp } from "./webp.js";

const BETWEEN = 2; // pictures for each frame while it plays, so that it moves smoothly: 33 a second
const AT_ONCE = 16; // frames of a file that are drawn together
const tab = find("#morph");
const form = find("form", tab);
const canvas = find("canvas", tab);
const moment = find(".moment input", tab);
const part = (name) => find(`.player [name="${name}"]`, tab);
let controls;
let entry; // of the weights
let length = 0; // frames
let at = 0; // the frame that is shown, a fraction while it plays
let playing = 0; // number of the call of play() that is not outdated; 0: it is paused
let plays = 0;
let stop = new AbortController();

function build() {
  const set = (fields, step) => go({ ...view, look: lookOf({ ...view.look, ...fields }) }, { step });
  const smooth = { name: "frames", label: "Frames from face to face", info: "More is slower, and smoother in a file" };
  controls = {
    frames: slider({ ...smooth, ...FRAMES, step: 1, value: 16 }, (frames) =>
      go({ ...view, frames }, { step: "frames" }),
    ),
    variation: variationSlider((variation) => set({ variation }, "variation")),
    shape: shapePanel(find(".shape", tab), set),
  };
  find(".sliders", tab).replaceChildren(controls.frames, controls.variation);
  canWriteWebp().then((can) => (part("webp").hidden = !can));
}

export async function show(next, its, { arrived, wrong }) {
  if (!controls) build();
  const { seeds, look, loop, frames } = next;
  const names = formatPoints(seeds, ", ");
  const other = canvas.dataset.names !== [names, frames, loop].join();
  canvas.dataset.names = [names, frames, loop].join();
  canvas.ariaLabel = `Morph through the faces of seeds ${seeds.map(textOf).join(", ")}${loop ? " and back" : ""}`;
  showChooser("morph", its);
  if (!wrong) form.elements.seeds.value = seeds.map(textOf).join(", ");
  find("[name=loop]", tab).checked = loop;
  controls.frames.show(frames);
  controls.variation.show(look.variation);
  controls.shape(look, along(look, its).moves, arrived);
  stop.abort();
  stop = new AbortController();
  entry = its;
  length = loop ? frames * seeds.length : frames * (seeds.length - 1) + 1;
  moment.max = length - 1;
  if (other) at = 0;
  try {
    await loaded(entry, stop.signal);
    if (!other) await shown(at);
    else if (matchMedia("(prefers-reduced-motion: reduce)").matches) await seek(0);
    else await play();
  } catch (error) {
    if (error.name !== "AbortError") fail(error);
  }
}

/** What is done when another tab is selected. */
export function leave() {
  pause();
}

/** The point at a frame, or between two, as it is drawn: not rounded as in a link. */
function pointAt(frame) {
  const { seeds, frames } = view;
  const leg = Math.min(Math.floor(frame / frames), seeds.length - 1);
  const t = (frame - leg * frames) / frames;
  const [left, right] = [seeds[leg], seeds[(leg + 1) % seeds.length]];
  return t === 0 ? left : { left, right, t };
}

/** The query of the face at a frame; null where it would name too many seeds for a link. */
function queryAt(frame) {
  const { seeds, frames } = view;
  const leg = Math.floor(frame / frames);
  try {
    return face.queryOf(view, between(seeds[leg], seeds[(leg + 1) % seeds.length], frame / frames - leg));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The pixels of so many frames from one on, or of one between two. */
function draw(frame, count = 1) {
  const frames = Array.from({ length: count }, (_, i) => frame + i);
  const key = [canvas.dataset.names, JSON.stringify(view.look), view.weights].join();
  const keys = frames.map((each) => `${key} ${each}`);
  return pictures(entry, frames.map(pointAt), view.look, keys, stop.signal);
}

const shown = newest(async (frame) => {
  try {
    paint(canvas, (await draw(frame))[0]);
    canvas.dataset.frame = frame;
  } catch (error) {
    if (error.name !== "AbortError") fail(error);
  }
});

/** Plays on from the frame that is shown, at the speed of the clock; a slow device leaves out pictures. */
async function play() {
  const mine = (playing = ++plays);
  part("pause").setAttribute("aria-pressed", "false");
  if (!view.loop && at >= length - 1) at = 0;
  const before = performance.now();
  const began = at;
  while (playing === mine) {
    const steps = began + (performance.now() - before) / FRAME_MILLISECONDS;
    const end = !view.loop && steps >= length - 1;
    at = end ? length - 1 : Math.floor((steps % length) * BETWEEN) / BETWEEN;
    await shown(at);
    if (playing !== mine) return;
    tell();
    if (end) return pause();
    await new Promise(requestAnimationFrame);
  }
}

function pause() {
  playing = 0;
  part("pause").setAttribute("aria-pressed", "true");
}

/** Stops at a whole frame, which can be kept. */
async function seek(frame) {
  pause();
  at = Math.min(Math.max(Math.round(frame), 0), length - 1);
  tell();
  await shown(at);
}

/** What is said of the moment that is shown, and whether it is kept. */
function tell() {
  const frame = Math.min(Math.round(at), length - 1);
  const query = queryAt(frame);
  const name = query ? `Seed ${face.faceOf(query).seed}` : "More than 8 seeds: it has no link";
  find(".moment bdi", tab).textContent = name;
  moment.value = frame;
  moment.setAttribute("aria-valuetext", name);
  const is = Boolean(query) && kept.isKept(query);
  part("keep").disabled = part("open").disabled = !query;
  part("keep").setAttribute("aria-pressed", is);
  part("keep").textContent = is ? "Kept ✓" : "Keep";
}
document.addEventListener("seedfaces-kept", () => view?.tab === "morph" && tell());

/** The morph as a file: each of its frames is drawn. */
async function download(extension) {
  const button = part(extension);
  const label = button.textContent;
  const its = view;
  const made = async () => {
    const images = [];
    for (let frame = 0; frame < length && view === its; frame = images.length) {
      images.push(...(await draw(frame, Math.min(AT_ONCE, length - frame))));
      button.textContent = `${Math.round((100 * images.length) / length)} %`;
    }
    if (view === its) save(await morphFile(images, its, extension));
  };
  await during(button, made).finally(() => (button.textContent = label));
}

moment.addEventListener("input", () => seek(Number(moment.value)));
moment.addEventListener("pointerdown", pause); // it stays in the hand
onButton(find(".player", tab), (button) => {
  const { name } = button;
  if (name === "webp" || name === "png") download(name).catch((error) => error.name !== "AbortError" && fail(error));
  if (name === "play") {
    at = 0;
    play();
  }
  if (name === "pause") playing ? seek(at) : play();
  if (name !== "keep" && name !== "open") return;
  seek(at);
  const query = queryAt(at);
  if (name === "open") go(decode(query).view);
  else if (!kept.toggle(query)) button.textContent = "64 faces are kept";
});
find("[name=loop]", tab).addEventListener("change", ({ target }) => go({ ...view, loop: target.checked }));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = form.elements.seeds.value;
  if (followPasted(text)) return;
  const { view: next, said, wrong } = typedMorph(view, text);
  go(next, { said, wrong });
});
