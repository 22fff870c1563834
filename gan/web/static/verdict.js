// The tab "Real or fake": a picture in, the verdict on its face out. All of it stays in the browser.
import { layOutVerdict } from "./answer.js";
import { find, make } from "./dom.js";
import * as face from "./face.js";
import { fill } from "./fill.js";
import { go, loaded, view } from "./frame.js";
import { indexed, photoFiles } from "./models.js";
import { isReady, missing, named } from "./named.js";
import { answering, bold, onPhoto, opener, refuse, wordsOf } from "./photos.js";
import { text as textOf } from "./point.js";

const tab = find("#verdict");
const place = find(".answer", tab);
const config = () => wordsOf("verdict.json");
const open = opener(
  "openJudge",
  () => {
    const { yunet, ...files } = photoFiles; // the worker has it for all tabs
    return files;
  },
  async () => ({ config: await config() }),
);
const answer = answering(place, (found) => {
  layOutVerdict(place, found);
  if (!shown && indexed().length) place.append(whose(found));
});
let shown = ""; // the query of the face that is judged; "": a file, or nothing yet

/** A view names the face of a seed, or nothing: a photo is in no link. */
export function show(next, entry) {
  config().then(({ trust }) => find("#trust").replaceChildren(...bold(trust)), (error) => refuse(place, error));
  open().catch((error) => refuse(place, error));
  const [point] = next.seeds;
  const query = point === undefined ? "" : face.queryOf(next, point);
  if (query === shown) return;
  shown = query;
  if (!query) return void place.replaceChildren();
  answer(async () => {
    await loaded(entry, new AbortController().signal);
    const pixels = await face.draw(face.faceOf(query));
    return (await open())({ task: "judge", pixels, seed: textOf(point) });
  });
}

/** A line that says whose face a photo is. Where the index is still to be loaded, most visitors do not need it: then the
 *  line asks first, unless the detector recognises a face of its own generators. */
function whose(found) {
  const line = make("p", { role: "status" });
  const look = async () => {
    line.textContent = "The page is looking for the seed of this face …";
    try {
      const [made, { words }] = await Promise.all([named(found.squares), config()]);
      if (!line.isConnected) return; // another photo was chosen
      if (made) return layOutVerdict(place, { ...found, said: asMade(found.said, made, words) });
      const count = indexed()[0].indexed.toLocaleString("en");
      line.textContent = `It is not recognised as the face of any of the first ${count} seeds.`;
    } catch (error) {
      line.textContent = error.message;
    }
  };
  const { decidedBy } = found.said.opinion ?? found.said.middle ?? {};
  if (isReady() || decidedBy === "ours") look();
  else {
    const label = `Is it the face of a seed? Load up to ${missing()} MB to find out`;
    line.append(make("button", { type: "button", className: "plain", onclick: look }, label));
  }
  return line;
}

/** What is said of a picture that is the face of a seed: nothing is left to be judged. */
const asMade = ({ sentences, opinion, ...said }, made, words) => ({
  ...said,
  headline: fill(words["made headline"], made),
  sentences: [fill(words.made, made), ...sentences],
  opinion: opinion && { ...opinion, percent: null, sentences: [] },
});

onPhoto(tab, (file) => {
  shown = "";
  if (view.seeds.length) go({ ...view, seeds: [] });
  answer(async () => (await open())({ task: "judge", file }));
});
