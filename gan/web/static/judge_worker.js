// One core: judges pictures. Messages: { task, … } → { answer } or { error }, a sentence; one after the other.
import { Judge } from "./judge.js";
import { pixelsOf } from "./photo.js";
import { resize } from "./resize.js";
import { told } from "./told.js";

const PREVIEW = 480; // pixels: longer side, at most, of a picture as the page shows it
let judge;
let words;

const tasks = {
  /** See Judge; words: see told. */
  open({ module, files, config }) {
    judge = new Judge(module, files, config);
    ({ words } = config);
  },

  /** A file, or pixels as ImageData and whose face they are → { said, aspect, preview }: see told; width to height of the
   *  picture; and a smaller copy of it. */
  async judge({ file, pixels, seed }) {
    const picture = pixels ?? (await pixelsOf(file));
    const { width, height } = picture;
    const scale = Math.min(1, PREVIEW / Math.max(width, height));
    const size = [width, height].map((length) => Math.max(1, Math.round(length * scale)));
    const said = told(judge.verdict(picture), picture, words, seed);
    return { said, aspect: width / height, preview: resize(picture, ...size, undefined, 4) };
  },
};

onmessage = async ({ data: { task, ...rest } }) => {
  try {
    postMessage({ answer: await tasks[task](rest) });
  } catch (error) {
    postMessage({ error: error.message });
  }
};
