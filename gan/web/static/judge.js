// The verdict on a picture: find the faces, judge them, show where the evidence is. gan/serve/judge.py.
import { decide, Detector } from "./detector.js";
import * as finder from "./face_finder.js";
import { native, Traces } from "./traces.js";

export const [TOO_SMALL, NO_FACE] = ["too small to tell", "no face found"];
export const MOST_FACES = 12; // of a picture that are judged, the largest

export class Judge {
  /** module: filters.wasm, compiled; files: bytes { detector, traces }, of which traces may be missing; config: { model,
   *  calibration, limits, bounds } as in verdict.json. */
  constructor(module, files, config) {
    this.config = config;
    this.detector = new Detector(module, files.detector, config.model);
    this.traces = files.traces && new Traces(files.traces);
  }

  /** A picture and the faces in it → { verdict, faces, face, opinion, middle, others }: as Verdict on the server. */
  verdict(picture, faces) {
    if (!faces.length) {
      const middle = this.opinion(picture, finder.middle(picture));
      return { verdict: NO_FACE, faces: 0, face: null, opinion: null, middle, others: [] };
    }
    const [largest, ...others] = faces.slice(0, MOST_FACES).map((face) => this.judged(picture, face));
    return { ...largest, faces: faces.length, middle: null, others };
  }

  /** The verdict on a face that was found. */
  judged(picture, found) {
    const face = finder.framed(found, picture);
    if (found.side < finder.FEWEST_PIXELS) return { verdict: TOO_SMALL, face, opinion: null };
    const opinion = this.opinion(picture, face);
    return { verdict: opinion.verdict, face, opinion };
  }

  /** The opinion on a square: { verdict, decidedBy, ours, probability, crop, places }, as Opinion on the server. */
  opinion(picture, square) {
    const { calibration, limits, bounds } = this.config;
    const looks = finder.looks(picture, square, this.detector.resolution);
    const [places, ours] = calibrated(this.detector.evidence(looks), calibration);
    const asOurs = { ours, probability: ours, crop: looks[0], places };
    if (!this.traces) {
      const [verdict, decidedBy] = decide(ours, calibration);
      return { verdict, decidedBy, ...asOurs };
    }
    const pixels = native(picture, square);
    const [blocks, unseen] = calibrated(this.traces.evidence(pixels), limits);
    const unlikeness = this.traces.unlikeness(this.detector.faceFeatures(looks[0]));
    const [verdict, decidedBy] = decide(ours, calibration, unseen, unlikeness, limits);
    if (decidedBy === "ours") return { verdict, decidedBy, ...asOurs };
    const probability = Math.min(Math.max(unseen, bounds[0]), bounds[1]);
    return { verdict, decidedBy, ours, probability, crop: pixels, places: blocks };
  }
}

/** Evidence of places after calibration, in logits, and the probability of their sum. */
function calibrated({ width, height, values }, { slope, intercept }) {
  const logits = values.map((value) => slope * value + intercept / values.length);
  return [{ width, height, values: logits }, 1 / (1 + Math.exp(-logits.reduce((sum, value) => sum + value, 0)))];
}
