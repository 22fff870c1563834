// Faces in a picture, and the squares around them: gan/model/face_finder.py. Pictures are RGBA: see resize.js.
// A square is { left, top, side, roll }: pixels, and degrees by which it is turned about its middle, clockwise.
import { reduce, resize } from "./resize.js";
import { enlarged, shrunk, upright } from "./warp.js";

const [LARGE, SMALL, ENOUGH] = [640, 240, 1280]; // pixels of a long side: searched at most, at least; before that
const [SURE, UPRIGHT] = [0.75, 0.91]; // scores of a face, and of what is certainly upright
const MOST = 16; // faces that are looked at again
const AROUND = 1.56; // side of what is looked at again, in sides of the face's square
const [GLANCE, MEASURE] = [96, 224]; // its pixels
const [MEASURES, LEVEL] = [4, 6]; // how often a face is measured, until it is tilted by less than so many degrees
const [SIDE, LOWER] = [1.025, 0.047]; // the training crop relative to YuNet's box and landmarks
const [TIGHTER, WHOLE, TILTED] = [0.9, 0.8, 12];
const [LARGER, SHIFTED] = [1.08, 0.04];
export const FEWEST_PIXELS = 40; // of a face's side, below which nothing is judged

export const middleOf = ({ left, top, side }) => [left + side / 2, top + side / 2];
const distance = ([a, b], [c, d]) => Math.hypot(a - c, b - d);
const around = ([x, y], side, roll = 0) => ({ left: x - side / 2, top: y - side / 2, side, roll });
const times = ({ left, top, side, roll }, by) => ({ left: by * left, top: by * top, side: by * side, roll });
const bySize = (faces) => faces.sort((one, other) => other.side - one.side);
/** The remainder as Python has it, never negative. */
const modulo = (value, by) => ((value % by) + by) % by;

/** To the nearest whole number, and to the even one of two that are as near: Python's round. */
export const rounded = (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

/** A shift turned clockwise by degrees. */
export function turned(x, y, roll) {
  const [cosine, sine] = [Math.cos((roll * Math.PI) / 180), Math.sin((roll * Math.PI) / 180)];
  return [x * cosine - y * sine, x * sine + y * cosine];
}

/** The faces in a picture, largest first, 16 at most: squares as the training pictures have them. */
export function find(picture, yunet) {
  const factor = Math.max(Math.floor(Math.max(picture.width, picture.height) / ENOUGH), 1);
  const pixels = factor > 1 ? reduce(picture, factor, factor) : picture;
  const long = Math.max(pixels.width, pixels.height);
  const sides = [...new Set([SMALL, Math.min(Math.max(long, SMALL), LARGE)])];
  const copies = [...sides.map((side) => copyOf(pixels, side / long)), { pixels, scale: 1 }];
  const search = (roll) => searched(copies, roll, yunet);
  let [faces, roll] = [[], 0];
  for (roll of [0, 90, 270, 180]) {
    faces = search(roll);
    if (faces.length) break;
  }
  // if the whole photo is turned, the other faces in it are, too
  const other = faces.length ? modulo(rounded(faces[0].roll / 90) * 90, 360) : roll;
  if (other !== roll) faces = apart(bySize([...faces, ...search(other)])).slice(0, MOST);
  return faces.map((face) => ({ ...times(face, factor), roll: modulo(face.roll + 180, 360) - 180 }));
}

function copyOf(pixels, scale) {
  const [width, height] = [pixels.width, pixels.height].map((length) => Math.max(1, rounded(length * scale)));
  return { pixels: (scale < 1 ? shrunk : enlarged)(pixels, width, height), scale };
}

/** The faces that are seen in a picture if it is turned anticlockwise by a multiple of 90 degrees, largest first. */
function searched(copies, roll, yunet) {
  const found = copies.slice(0, -1).flatMap(({ pixels, scale }) => {
    const middle = [pixels.width / 2, pixels.height / 2];
    const faces = facesIn(quarterTurned(pixels, roll / 90), middle, 1, roll, yunet);
    return faces.map(({ score, face }) => ({ score, face: times(face, 1 / scale) }));
  });
  found.sort((one, other) => other.score - one.score);
  const seen = bySize(apart(found.map(({ face }) => face))).slice(0, MOST);
  return apart(bySize(seen.map((face) => lookAgain(copies, face, yunet)).filter(Boolean)));
}

/** A picture turned anticlockwise by so many quarters. */
function quarterTurned(picture, quarters) {
  if (!quarters) return picture;
  const [width, height] = quarters % 2 ? [picture.height, picture.width] : [picture.width, picture.height];
  const from = new Uint32Array(picture.data.buffer, picture.data.byteOffset, width * height);
  const [right, bottom] = [picture.width - 1, picture.height - 1];
  const sources = [null, (x, y) => [right - y, x], (x, y) => [right - x, bottom - y], (x, y) => [y, bottom - x]];
  const made = Uint32Array.from(from, (_, i) => {
    const [x, y] = sources[quarters](i % width, Math.floor(i / width));
    return from[y * picture.width + x];
  });
  return { width, height, data: new Uint8ClampedArray(made.buffer) };
}

/** What was seen, with the face's roll; null if it is none. */
function lookAgain(copies, seen, yunet) {
  const looks = [look(copies, seen, GLANCE, yunet)];
  if (looks[0].score < UPRIGHT) {
    for (let turn = 45; turn < 360; turn += 45) {
      looks.push(look(copies, { ...seen, roll: seen.roll + turn }, GLANCE, yunet));
    }
  }
  let { score: best, face } = looks.reduce((one, other) => (other.score > one.score ? other : one));
  // the landmarks underestimate a tilt, so a tilted face is turned and measured again
  for (let i = 0; best && i < MEASURES; i++) {
    const last = face;
    const again = look(copies, face, MEASURE, yunet);
    face = again.face;
    best = Math.max(best, again.score);
    if (Math.abs(face.roll - last.roll) < LEVEL) break;
  }
  return best >= SURE ? face : null;
}

/** { score, face } of a face that is expected in the middle of a square, at side * side pixels; score 0: none. */
function look(copies, seen, side, yunet) {
  const shown = around(middleOf(seen), AROUND * seen.side, seen.roll);
  const copy = copies.find(({ scale }) => scale * shown.side >= side) ?? copies.at(-1);
  const pixels = upright(copy.pixels, times(shown, copy.scale), side);
  const found = facesIn(pixels, middleOf(seen), shown.side / side, seen.roll, yunet);
  const near = found.filter(({ face }) => distance(middleOf(face), middleOf(seen)) < seen.side / 2);
  return near.reduce((one, other) => (other.score > one.score ? other : one), { score: 0, face: seen });
}

/** { score, face } of what may be faces in a part of a picture, in pixels of the picture.
 *  middle: of the part, in the picture; scale: pixels of the picture to one of the part; roll: of the part. */
function facesIn(pixels, middle, scale, roll, yunet) {
  return yunet.detect(pixels).filter(isFinite).map(({ box: [left, top, width, height], marks, score }) => {
    const [[ax, ay], [bx, by], , [cx, cy], [dx, dy]] = marks;
    const side = SIDE * Math.sqrt(width * height);
    const tilt = (Math.atan2(by - ay, bx - ax) * 180) / Math.PI;
    const [lowerX, lowerY] = turned(0, LOWER * side, tilt);
    // eyes and mouth are what training pictures are aligned by; of a turned face they lie at one side of the box
    const x = (ax + bx + cx + dx) / 6 + (left + width / 2) / 3 + lowerX;
    const y = (ay + by + cy + dy) / 6 + (top + height / 2) / 3 + lowerY;
    const [right, down] = turned(x - pixels.width / 2, y - pixels.height / 2, roll);
    return { score, face: around([middle[0] + scale * right, middle[1] + scale * down], scale * side, roll + tilt) };
  });
}

// in pictures that are hardly higher than a line, sizes overflow
const isFinite = ({ box, marks }) => [...box, ...marks.flat()].every(Number.isFinite);

/** The faces without those that an earlier one covers. */
function apart(faces) {
  const kept = [];
  for (const face of faces) {
    const limit = (other) => Math.min(face.side, other.side) / 2;
    if (kept.every((other) => distance(middleOf(face), middleOf(other)) > limit(other))) kept.push(face);
  }
  return kept;
}

/** The square around a face for a detector, moved into the picture as far as it fits. */
export function framed(face, picture) {
  const shorter = Math.min(picture.width, picture.height);
  const side = face.side > WHOLE * shorter ? shorter : TIGHTER * face.side;
  return movedInto(picture, around(middleOf(face), side, Math.abs(face.roll) >= TILTED ? face.roll : 0));
}

/** The square of a face without most of its surroundings, moved into the picture. */
export const inner = (face, picture) => movedInto(picture, around(middleOf(face), TIGHTER * face.side, face.roll));

/** A square, no larger than a picture allows, moved into it. */
export function movedInto({ width, height }, square) {
  const side = Math.min(square.side, width, height);
  const [left, top] = middleOf(square).map((middle, i) =>
    Math.min(Math.max(middle - side / 2, 0), [width, height][i] - side),
  );
  return { left, top, side, roll: square.roll };
}

/** The crop of a square for a network: resolution * resolution pixels, by Lanczos; upright. */
export function cut(picture, square, resolution) {
  const { left, top, side, roll } = square;
  const [right, bottom] = [left + side, top + side];
  // sums of floats may come out a little too large
  const inside = left >= 0 && top >= 0 && right <= picture.width + 1e-6 && bottom <= picture.height + 1e-6;
  // the reducing gap makes large photos cheap and changes almost nothing
  if (inside && !roll) return resize(picture, resolution, resolution, [left, top, right, bottom], 4);
  const part = cutOut(picture, square, 2 * resolution);
  return resize(part, resolution, resolution, undefined, 4);
}

/** A square as a picture of its own, upright, of at most `most` pixels to a side. */
function cutOut(picture, square, most) {
  const scale = Math.min(1, most / square.side);
  const reach = square.side + 4; // more than half its diagonal, and what is blended with the pixels at its edges
  const ends = middleOf(square).map((middle, i) => {
    const length = [picture.width, picture.height][i];
    return [Math.max(Math.floor(middle - reach), 0), Math.min(Math.ceil(middle + reach), length)];
  });
  const [[left, right], [top, bottom]] = ends;
  const size = [right - left, bottom - top].map((length) => Math.max(1, rounded(length * scale)));
  const part = resize(picture, ...size, [left, top, right, bottom], 4);
  const place = times({ ...square, left: square.left - left, top: square.top - top }, scale);
  return upright(part, place, Math.max(1, rounded(place.side)), { smooth: true });
}

/** The crops of a square for a detector, 1 or 4. */
export function looks(picture, square, resolution) {
  const side = Math.min(LARGER * square.side, picture.width, picture.height);
  const squares = [square];
  for (const shift of side > square.side ? [-SHIFTED, 0, SHIFTED] : []) {
    const [x, y] = turned(0, shift * square.side, square.roll);
    const [left, top] = middleOf(square);
    squares.push(movedInto(picture, around([left + x, top + y], side, square.roll)));
  }
  return squares.map((each) => cut(picture, each, resolution));
}

/** The middle square, for pictures in which no face was found. */
export function middle({ width, height }) {
  return around([width / 2, height / 2], Math.min(width, height));
}
