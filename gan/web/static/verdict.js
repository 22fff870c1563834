// The tab "Real or fake": a picture in, the verdict on its face out. All of it stays in the browser.
import { layOutVerdict } from "./answer.js";
import { find } from "./dom.js";
import * as face from "./face.js";
import { go, loaded, view } from "./frame.js";
import { photoFiles } from "./models.js";
import { answering, bold, onPhoto, opener, refuse, wordsOf } from "./photos.js";
import { text as textOf } from "./point.js";

const tab = find("#verdict");
const place = find(".answer", tab);
const config = () => wordsOf("verdict.json");
const open = opener(
  "openJudge",
  () => ({ detector: photoFiles.detector, traces: photoFiles.traces }),
  async () => ({ config: await config() }),
);
const answer = answering(place, (found) => layOutVerdict(place, found));
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

onPhoto(tab, (file) => {
  shown = "";
  if (view.seeds.length) go({ ...view, seeds: [] });
  answer(async () => (await open())({ task: "judge", file }));
});
