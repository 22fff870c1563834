// One core: reads photos and says what is in them. Messages: { task, … } → { answer } or { error }, a sentence; one after
// the other.
import { find } from "./face_finder.js";
import { Finder, likenesses, squaresOf } from "./finder.js";
import { Judge } from "./judge.js";
import { pixelsOf } from "./photo.js";
import { resize } from "./resize.js";
import { toldFound, toldVerdict } from "./told.js";
import { YuNet } from "./yunet.js";

const PREVIEW = 480; // pixels: longer side, at most, of a picture as the page shows it
let module; // filters.wasm, compiled
let yunet;
let judge; // { judge, words }
const finders = {}; // by the id of their weights

const tasks = {
  /** bytes: of yunet.safetensors. */
  open(given) {
    module = given.module;
    yunet = new YuNet(module, given.bytes);
  },

  /** See Judge. */
  openJudge({ files, config }) {
    judge = { judge: new Judge(module, files, config), words: config.words };
  },

  /** See Finder; id: of the weights. */
  openFinder({ id, files }) {
    finders[id] = new Finder(module, files);
  },

  /** A file, or pixels as ImageData and whose face they are → what the page shows: see answer. */
  async judge({ file, pixels, seed }) {
    const picture = pixels ?? (await pixelsOf(file));
    const faces = find(picture, yunet);
    return answer(picture, faces, toldVerdict(judge.judge.verdict(picture, faces), picture, judge.words, seed));
  },

  /** A file → what the page shows of the seeds that were found: see answer. */
  async find({ id, file, words }) {
    const picture = await pixelsOf(file);
    const faces = find(picture, yunet);
    if (!faces.length) throw new Error(words["no face"]);
    return answer(picture, faces, toldFound(finders[id].found(picture, faces), picture, words));
  },

  /** See Finder. */
  alike: ({ id, pictures, description }) => finders[id].alike(pictures, description),
  candidates: ({ id, squares }) => finders[id].candidates(squares),
  likenesses: ({ square, faces }) => likenesses(square, faces),
};

/** { said, squares, aspect, preview }: see told.js; what may be the face of a seed; the picture's width in heights; and a
 *  smaller copy of it. */
function answer(picture, faces, said) {
  const { width, height } = picture;
  const scale = Math.min(1, PREVIEW / Math.max(width, height));
  const size = [width, height].map((length) => Math.max(1, Math.round(length * scale)));
  const preview = resize(picture, ...size, undefined, 4);
  return { said, squares: squaresOf(picture, faces), aspect: width / height, preview };
}

onmessage = async ({ data: { task, ...rest } }) => {
  try {
    postMessage({ answer: await tasks[task](rest) });
  } catch (error) {
    postMessage({ error: error.message });
  }
};
