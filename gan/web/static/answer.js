// Answers to a photo as elements: verdict.html, find.html and photo.html in serve/page/static on the Gradio page.
import { make } from "./dom.js";

const HEAT_MAP = 192; // pixels of its side
const FULL = 1; // logits that get the full colour, unless a place has more
const MARK = [225, 29, 72]; // colour of the heat map and of the marked face
const STRONGEST = 200; // of 255: how much of the colour lies over the grey

/** Lays out a verdict of photo_worker.js. */
export function layOutVerdict(section, { said, aspect, preview }) {
  const several = said.others.length > 0;
  const alone = said.photo && !several ? [figure(photo(preview, said.marks), "the face")] : [];
  const group = several ? figure(buttons(preview, said.marks), "Choose a face to see the verdict on it.", "group") : "";
  columns(section, aspect, group, (face) => judged(face ? said.others[face - 1] : said, alone));
  section.append(...middle(said.middle));
}

/** Lays out seeds of photo_worker.js; `chosen` is called with what was found for the face that is shown. */
export function layOutFound(section, { said: { faces, marks }, aspect, preview }, chosen) {
  const group = faces.length > 1
    ? figure(buttons(preview, marks), "Choose a face to find seeds for it.", "group")
    : make("figure", { className: "group" }, photo(preview, marks));
  columns(section, aspect, group, (face) => {
    chosen(faces[face]);
    const nearer = make("button", { type: "button", name: "nearer", className: "plain" }, "Look between these seeds");
    const { headline, sentences } = faces[face];
    return [make("h2", {}, headline), ...paragraphs(sentences), make("p", { className: "actions" }, nearer)];
  });
}

/** A group of faces, and beside it what is said of the one that is chosen; of: its number → elements. */
function columns(section, aspect, group, of) {
  section.style.setProperty("--aspect", aspect);
  const beside = make("div");
  beside.setAttribute("aria-live", "polite");
  const choose = (face) => {
    beside.replaceChildren(...of(face));
    for (const button of section.querySelectorAll("[data-face]")) {
      button.setAttribute("aria-pressed", Number(button.dataset.face) === face);
    }
  };
  const before = section.querySelector("[aria-pressed=true]")?.dataset.face ?? 0;
  section.replaceChildren(make("div", { className: "columns" }, group, beside));
  section.onclick = ({ target }) => {
    const button = target.closest("[data-face]");
    if (button) choose(Number(button.dataset.face));
  };
  choose(Number(before));
}

const paragraphs = (sentences) => sentences.map((sentence) => make("p", {}, sentence));
const figure = (content, caption, className = "") =>
  make("figure", { className }, content, make("figcaption", {}, caption));

/** The verdict on one face. */
function judged({ headline, sentences, opinion }, alone) {
  const squares = opinion ? squaresOf(opinion) : [];
  return [
    make("h2", {}, headline),
    ...paragraphs(sentences),
    ...(opinion ? meter(opinion) : []),
    make("div", { className: "seen" }, ...alone, ...squares),
  ];
}

/** An opinion where no face was found. */
function middle(opinion) {
  if (!opinion) return [];
  return [
    make(
      "details",
      {},
      make("summary", {}, "Judge the middle square anyway"),
      make("h3", {}, opinion.headline),
      make("p", {}, "This means something only if there is a face in it."),
      ...meter(opinion),
      make("div", { className: "seen" }, ...squaresOf(opinion)),
    ),
  ];
}

function meter({ percent, sentences }) {
  if (percent === null) return paragraphs(sentences);
  const bar = make("span");
  bar.style.width = `${percent}%`;
  const ends = ["real", "generated"].map((end) => make("span", {}, end));
  const scale = make("div", { className: "scale", ariaHidden: "true" }, ...ends);
  return [image(make("div", { className: "meter" }, bar), `${percent} % generated`), scale, ...paragraphs(sentences)];
}

/** An element as what it is to a screen reader: a picture. */
function image(element, label) {
  element.setAttribute("role", "img");
  element.ariaLabel = label;
  return element;
}

function squaresOf({ crop, places }) {
  return [
    figure(image(canvasOf(crop), "The square that was judged"), "what was judged"),
    figure(
      image(heatMap(crop, places), "The same square in grey, red where it looks generated"),
      "what speaks for generated",
    ),
  ];
}

/** Pixels { width, height, data } on a canvas of their size. */
function canvasOf({ width, height, data }) {
  const canvas = make("canvas", { width, height });
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}

/** A crop in grey, with the evidence for "generated" in colour over it. */
function heatMap({ width, height, data }, places) {
  const grey = data.map((_, i) => {
    const at = i - (i % 4);
    return i % 4 === 3 ? 255 : 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  });
  const most = Math.max(FULL, ...places.values);
  const colours = places.values.flatMap((value) => [...MARK, (STRONGEST * Math.max(value, 0)) / most]);
  const evidence = { width: places.width, height: places.height, data: Uint8ClampedArray.from(colours) };
  const canvas = make("canvas", { width: HEAT_MAP, height: HEAT_MAP });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  for (const layer of [{ width, height, data: grey }, evidence]) {
    context.drawImage(canvasOf(layer), 0, 0, HEAT_MAP, HEAT_MAP);
  }
  return canvas;
}

/** The picture with its face marked. */
function photo(preview, marks) {
  const canvas = image(canvasOf(preview), "Your picture, with the face marked");
  const all = marks.map((mark) => placed(make("span", { className: "mark" }), mark));
  return make("div", { className: "photo" }, canvas, ...all);
}

/** The picture with a button on each of its faces. */
function buttons(preview, marks) {
  const canvas = image(canvasOf(preview), "Your picture, with the faces marked");
  const all = marks.map((mark) => {
    const button = make("button", { type: "button", ariaLabel: mark.name, data: { face: mark.face } });
    button.append(make("span", { className: "mark" }));
    return placed(button, mark);
  });
  return make("div", { className: "photo" }, canvas, ...all);
}

function placed(element, { place }) {
  for (const [name, value] of Object.entries(place)) element.style.setProperty(name, value);
  return element;
}
