// What was found in a photo in words, as the server says it: gan/serve/page/verdict.py, find.py and marks.py; the words
// are those of gan/cards.
import { GENERATED } from "./detector.js";
import { FEWEST_PIXELS, middleOf, rounded } from "./face_finder.js";
import { fill } from "./fill.js";
import { MOST_FACES, NO_FACE, TOO_SMALL } from "./judge.js";

const UPSIDE_DOWN = 135; // degrees of roll, above which a face is called that
const FAINT = 0.3; // logits of a place, below which it means next to nothing

const AFTER = 3; // seeds that are named after the first

/** A verdict on a picture of a size → { headline, sentences, opinion, others, middle, photo, marks }.
 *  others: of the next largest faces; photo: whether the picture says more than the crop does; marks: where the faces
 *  are, from left to right: see `marksOf`; seed: whose face the picture is known to be, or null. */
export function toldVerdict(verdict, size, words, seed) {
  const squares = [verdict, ...verdict.others].map(({ face }) => face).filter(Boolean);
  const names = namesOf(squares, size, words);
  const sentences = seed === undefined ? [] : [fill(words.truth, { seed })];
  if (verdict.verdict === NO_FACE) sentences.push(words["no face"]);
  else if (verdict.faces > 1) {
    sentences.push(fill(words[verdict.opinion ? "largest" : "several"], { count: verdict.faces }));
  }
  if (verdict.faces > MOST_FACES) sentences.push(fill(words.most, { most: MOST_FACES }));
  return {
    ...judged(verdict, sentences, words),
    others: verdict.others.map((face, i) => judged(face, [`${names[i + 1]}.`], words)),
    middle: verdict.middle && opinionOf(verdict.middle, words),
    photo: verdict.others.length > 0 || squares[0]?.side < Math.max(size.width, size.height),
    marks: marksOf(squares, names, size),
  };
}

/** Seeds that were found for the faces of a picture of a size → { faces, marks }: { headline, sentences, seeds,
 *  description } of each face, largest first, and marks as of a verdict. */
export function toldFound(found, size, words) {
  const squares = found.map(({ face }) => face);
  const names = namesOf(squares, size, words);
  const faces = found.map(({ seeds: [first, ...others], description }, i) => ({
    headline: fill(words.first, { seed: first }),
    sentences: [
      ...(found.length > 1 ? [`${names[i]}.`] : []),
      ...(others.length ? [fill(words.others, { seeds: others.slice(0, AFTER).join(", ") })] : []),
    ],
    seeds: [first, ...others],
    description,
  }));
  return { faces, marks: marksOf(squares, names, size) };
}

/** The verdict on one face. */
function judged({ verdict, face, opinion }, sentences, words) {
  const said = [...sentences];
  if (verdict === TOO_SMALL) said.push(fill(words["too small"], { pixels: FEWEST_PIXELS }));
  const roll = face ? rounded(face.roll) : 0;
  if (opinion && roll) {
    const tilt = fill(words[Math.abs(roll) > UPSIDE_DOWN ? "upside down" : "tilted"], { degrees: Math.abs(roll) });
    said.push(fill(words.turned, { tilt }));
  }
  const its = opinion && opinionOf(opinion, words);
  return { headline: its?.headline ?? words.headlines[verdict], sentences: said, opinion: its };
}

/** An opinion on a square: { headline, percent, sentences, decidedBy, crop, places }; percent: null where it means
 *  nothing. */
function opinionOf({ verdict, decidedBy, probability, crop, places }, words) {
  // some hundred pictures cannot support more than 99 %
  const percent = Math.min(Math.max(rounded(100 * probability), 1), 99);
  const where = verdict === GENERATED ? strongest(places, words) : "";
  return {
    headline: fill(words.headlines[verdict], { generated: percent, real: 100 - percent }),
    percent: decidedBy === "unlike" ? null : percent,
    sentences: [words.reasons[decidedBy], ...(where ? [fill(words.strongest, { place: where })] : [])],
    decidedBy,
    crop,
    places,
  };
}

/** Where the evidence for "generated" is strongest, in words; "" where there is none. */
function strongest({ width, height, values }, words) {
  const most = Math.max(...values);
  if (most <= FAINT) return "";
  const at = values.indexOf(most);
  const third = (place, length) => Math.trunc((3 * (place + 0.5)) / length);
  return words.places[third(Math.floor(at / width), height)][third(at % width, width)];
}

const fromLeft = ([x, y], [otherX, otherY]) => x - otherX || y - otherY;

/** What the faces of a picture are called: their number, counted from the left, and where they are. */
function namesOf(squares, { width, height }, words) {
  const middles = squares.map(middleOf);
  const order = middles.toSorted(fromLeft);
  return middles.map((middle) => {
    const [x, y] = middle;
    const place = words.places[Math.trunc((3 * y) / height)][Math.trunc((3 * x) / width)];
    return fill(words.face, { number: order.indexOf(middle) + 1, count: squares.length, place });
  });
}

/** Where the page marks the faces, from left to right: { face, name, place }; face is 0 for the largest, and place has
 *  variables of parts.css, in which 100cqw are the picture's width. */
function marksOf(squares, names, { width }) {
  const middles = squares.map(middleOf);
  const marks = middles.map(([x, y], face) => {
    const others = middles.filter((_, other) => other !== face);
    const near = Math.min(width, ...others.map(([left, top]) => Math.max(Math.abs(x - left), Math.abs(y - top))));
    const lengths = Object.entries({ x, y, side: squares[face].side, near });
    const place = Object.fromEntries(lengths.map(([name, value]) => [`--${name}`, `${(100 * value) / width}cqw`]));
    const roll = `${rounded(squares[face].roll)}deg`;
    return { face, name: names[face], place: { ...place, "--face": face, "--roll": roll } };
  });
  return marks.sort((one, other) => fromLeft(middles[one.face], middles[other.face]));
}
