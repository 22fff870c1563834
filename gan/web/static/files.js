// Files to download: PNG, animated PNG and WebP, ZIP. gan/serve/files.py names them and says what is written into them.
import { make } from "./dom.js";
import { encode, formatPoints } from "./link.js";
import { movedBy } from "./look.js";
import { text as textOf } from "./point.js";
import { animatedPng, png } from "./png.js";
import { resized, sheetOf } from "./pixels.js";
import { animatedWebp } from "./webp.js";
import { zip } from "./zip.js";

export const FRAME_MILLISECONDS = 60;
const SMALLEST = 128; // pixels: least side of an animation

/** Hands a file { name, blob } to the visitor. */
export function save({ name, blob }) {
  const href = URL.createObjectURL(blob);
  make("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** A look as a link holds it, without what a look of its own need not say: [["variation", "0.8"]]. */
function fieldsOf(look) {
  if (look.variation === 1 && !movedBy(look).length) return [];
  const query = encode({ tab: "gallery", seeds: [0], look, weights: "" });
  return [...new URLSearchParams(query)].filter(([name]) => !["v", "seeds"].includes(name));
}

/** `seed-1003-512px.png`, `seeds-0-15-128px-variation-0.8.zip`, `morph-4-13-128px.webp`. */
export function fileName({ seeds, look }, size, extension, morph = false) {
  let listed = morph ? seeds.map(textOf).join("-") : formatPoints(seeds, "_");
  if (listed.length > 100 && seeds.length > 1) {
    const cut = listed.slice(0, 100);
    listed = `${cut.slice(0, Math.max(0, cut.lastIndexOf(morph ? "-" : "_"))) || textOf(seeds[0])}_and-more`;
  }
  const kind = morph ? "morph" : seeds.length === 1 ? "seed" : "seeds";
  const changed = fieldsOf(look).map(([name, value]) => `-${name}-${value}`);
  return `${kind}-${listed}-${size}px${changed.join("")}.${extension}`;
}

/** The texts in a PNG of generated faces: what is needed to make the same faces again. */
function originOf({ seeds, look, weights }) {
  const text = { [seeds.length === 1 ? "seed" : "seeds"]: formatPoints(seeds), weights };
  const fields = fieldsOf(look);
  if (fields.length) text.look = String(new URLSearchParams(fields));
  return { ...text, generated: "by SeedFaces, a neural network; shows no real person" };
}

/** One face as a PNG, of its own size or another. `view` is a view of this face alone. */
export async function facePng(image, view, size = image.width) {
  const note =
    size === image.width ? {} : { size: `${size > image.width ? "enlarged" : "reduced"} from ${image.width} px` };
  const blob = await png(resized(image, size), { ...originOf(view), ...note });
  return { name: fileName(view, size, "png"), blob };
}

/** The faces of a view as one picture, as square as the number allows, at most 8 wide. */
export async function facesPng(images, view) {
  const sheet = sheetOf(images, Math.min(8, Math.ceil(Math.sqrt(images.length))));
  return { name: fileName(view, images[0].width, "png"), blob: await png(sheet, originOf(view)) };
}

/** The faces of a view as single pictures; a repeated one is stored once. */
export async function facesZip(images, view) {
  const files = new Map();
  for (const [place, point] of view.seeds.entries()) {
    const { name, blob } = await facePng(images[place], { ...view, seeds: [point] });
    files.set(name, new Uint8Array(await blob.arrayBuffer()));
  }
  return { name: fileName(view, images[0].width, "zip"), blob: zip(files) };
}

/** A morph as an animation: "webp" or "png". Throws an Error with one sentence where the browser cannot write it. */
export async function morphFile(images, view, extension) {
  const own = images[0].width;
  const size = own * Math.ceil(SMALLEST / own);
  const frames = images.map((image) => resized(image, size));
  const make = extension === "webp" ? animatedWebp : animatedPng;
  return { name: fileName(view, size, extension, true), blob: await make(frames, FRAME_MILLISECONDS, view.loop) };
}
