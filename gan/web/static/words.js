// Words where people type seeds: gan/words.py. tests/word_vectors.json holds words and their seeds.
import { firstPoints, noSeed, parts } from "./link.js";
import { first, LONGEST, pasted, short, SPACE, words as wordsOf } from "./link_text.js";
import { sha256 } from "./sha256.js";

// as the page's headings say it
const NAMED = new RegExp(
  String.raw`^[${SPACE}]*seeds?(?![\p{L}\p{N}_])[${SPACE}:#=]*(?=\p{Nd})(?!.*[\p{L}\p{Nl}\p{No}])`,
  "iu",
);
const SEPARATOR = /[,;，；、]/;
const OTHERS = ", or words";

/** What a person typed, `Ada Lovelace, 12, 40-55` → { points, words, notes }: see firstPoints in link.js. */
export const typedPoints = (text, most = 64) => firstPoints(typedParts(first(text, LONGEST)), most);

/** As parts in link.js; what stands between two commas and has letters is a word. A link is none, `Seed 5` is 5. */
function* typedParts(text) {
  if (pasted(text) || text.includes("://")) {
    yield { points: [], note: noSeed(text, OTHERS) };
    return;
  }
  let numbers = [];
  for (const part of text.split(SEPARATOR).map((each) => each.replace(NAMED, ""))) {
    if (!/\p{L}/u.test(part)) {
      numbers.push(part);
      continue;
    }
    yield* parts(numbers.join(","), OTHERS);
    numbers = [];
    const seed = wordSeed(part);
    yield { points: [seed], word: `“${short(wordsOf(part).join(" "))}” is seed ${seed}.` };
  }
  yield* parts(numbers.join(","), OTHERS);
}

/** The seed of a word or a name, however it is capitalised, spaced or encoded: as gan.words.word_seed. */
export function wordSeed(word) {
  const visible = word.replace(/[\p{Cf}\p{Cs}]/gu, "").replaceAll("’", "'");
  const folded = visible.normalize("NFKC").toLowerCase().toUpperCase();
  const text = wordsOf(folded.normalize("NFKC")).join(" ");
  return new DataView(sha256(new TextEncoder().encode(text)).buffer).getUint32(0);
}
