// The about tab: what this is, how it learned, how good it is. Its figures are in about.json beside the weights.
import { find, make } from "./dom.js";

const PICTURES = {
  "curves.png": "Curves of the training: losses, the critic's accuracies, and the distance to real faces",
  "quality.png":
    "Samples beside real faces: precision and recall, distances to the nearest training picture, power spectra, colours",
};
let told = null; // the entry that it tells of

export async function show(_, entry) {
  if (told === entry) return;
  told = entry;
  find("#about-shape").hidden = !entry.directions.length;
  find("#cards").replaceChildren(...cardOf(entry));
  const { facts, pictures } = await figuresOf(entry);
  if (told && told !== entry) return;
  const charts = Object.entries(PICTURES).filter(([name]) => pictures.includes(name));
  const images = charts.map(([name, alt]) =>
    make("img", { className: "chart", src: entry.about + name, alt, loading: "lazy" }),
  );
  find("#facts").replaceChildren(make("dl", {}, ...facts.flatMap(listed)), ...images);
  showTimeline(entry, pictures);
}

/** What about.json says: { facts, pictures }. */
async function figuresOf({ about, card }) {
  const only = (sentence) => ({ facts: [{ name: "Figures", sentence, table: [] }], pictures: [] });
  if (!about) return only(`They are in the model card, ${card}.`);
  try {
    return await (await fetch(`${about}about.json`)).json();
  } catch {
    told = null; // the next visit of the tab tries again
    return only("They could not be loaded. Is there a network?");
  }
}

function showTimeline(entry, pictures) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const there = pictures.includes("timeline.webp");
  const figure = find("#timeline");
  figure.hidden = find("#about .learned").hidden = !there;
  const image = find("img", figure);
  image.alt = "The same sixteen faces through the training";
  if (there) image.src = `${entry.about}${still ? "timeline-still.webp" : "timeline.webp"}`;
}

const listed = ({ name, sentence, table }) => [make("dt", {}, name), make("dd", {}, sentence, ...tableOf(table))];

/** Rows of text, the header first; a table that is too wide scrolls. */
function tableOf([header, ...rows]) {
  if (!header) return [];
  const row = (cells, tag) => make("tr", {}, ...cells.map((cell) => make(tag, {}, cell)));
  const table = make(
    "table",
    {},
    make("thead", {}, row(header, "th")),
    make("tbody", {}, ...rows.map((cells) => row(cells, "td"))),
  );
  return [make("div", { className: "wide" }, table)];
}

function cardOf({ card, name, about }) {
  if (!card) return [];
  const file = about ? { download: `${name.replaceAll("/", "-")}-README.md` } : {}; // on the Hub it is a page
  return ["With all commands: ", make("a", { href: card, ...file }, `the model card of ${name}`), "."];
}
