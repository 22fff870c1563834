// One core: reads photos and says what is in them. Messages: { task, … } → { answer } or { error }, a sentence; one after
// the other.
import { Finder } from "./finder.js";
import { Judge } from "./judge.js";
import { pixelsOf } from "./photo.js";
import { resize } from "./resize.js";
import { toldFound, toldVerdict } from "./told.js";
import { YuNet } from "./yunet.js";

const PREVIEW = 480; // pixels: longer side, at most, of a picture as the page shows it
let module; // filters.wasm, compiled
let yunet;
let judge; // { judge, words }
let finder; // { finder, words }

const tasks = {
  /** bytes: of yunet.safetensors. */
  open(given) {
    module = given.module;
    yunet = new YuNet(module, given.bytes);
  },

  /** See Judge. */
  openJudge({ files, config }) {
    judge = { judge: new Judge(module, yunet, files, config), words: config.words };
  },

  /** See Finder. */
  openFinder({ files, words }) {
    finder = { finder: new Finder(module, yunet, files), words };
  },

  /** A file, or pixels as ImageData and whose face they are → what the page shows: see answer. */
  async judge({ file, pixels, seed }) {
    const picture = pixels ?? (await pixelsOf(file));
    return answer(picture, toldVerdict(judge.judge.verdict(picture), picture, judge.words, seed));
  },

  /** A file → what the page shows of the seeds that were found: see answer. */
  async find({ file }) {
    const picture = await pixelsOf(file);
    const found = finder.finder.found(picture);
    if (!found.length) throw new Error(finder.words["no face"]);
    return answer(picture, toldFound(found, picture, finder.words));
  },

  /** See Finder. */
  alike({ pictures, description }) {
    return finder.finder.alike(pictures, description);
  },
};

/** { said, aspect, preview }: see told.js; the picture's width in heights; and a smaller copy of it. */
function answer({ width, height, data }, said) {
  const scale = Math.min(1, PREVIEW / Math.max(width, height));
  const size = [width, height].map((length) => Math.max(1, Math.round(length * scale)));
  return { said, aspect: width / height, preview: resize({ width, height, data }, ...size, undefined, 4) };
}

onmessage = async ({ data: { task, ...rest } }) => {
  try {
    postMessage({ answer: await tasks[task](rest) });
  } catch (error) {
    postMessage({ error: error.message });
  }
};
