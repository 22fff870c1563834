// Directions in latent space, loaded, and moves along them: gan/model/directions.py.
import { dot, norm } from "./latents.js";
import { ATTRIBUTES, movedBy } from "./look.js";
import { numbers, read } from "./safetensors.js";

const [HIDDEN, LENGTHS] = ["hidden", "lengths"]; // tensors of local directions beside those of attributes
const STEPS = 6; // of a move along local directions
const LEEWAY = 0.05; // how much the other attributes may change

/** Bytes of directions.safetensors → { of, held, hidden, lengths }: attribute → Float32Array in the order of ATTRIBUTES,
 *  and, where they are local, what every move leaves alone, the hidden layer, and how long moves are. Attributes of a
 *  newer version are left out or held. Throws an Error with one sentence where the file is damaged or does not fit. */
export function directionsOf(bytes, latentDim, name) {
  const { tensors } = read(bytes, name);
  const names = ATTRIBUTES.filter((each) => tensors.has(each));
  const units = tensors.get(HIDDEN)?.shape[0] ?? 0;
  const part = (key, ...wanted) => {
    const { dtype, shape } = tensors.get(key) ?? {};
    const vector = dtype === "F32" && `${shape}` === `${wanted}` && numbers(tensors.get(key));
    if (!vector || !vector.every(Number.isFinite)) {
      throw new Error(`${name} does not fit the generator beside it: ${key} differs in shape or type.`);
    }
    return vector;
  };
  const parts = (keys) => Object.fromEntries(keys.map((key) => [key, part(key, latentDim + units)]));
  if (!tensors.has(HIDDEN)) return { of: parts(names) };
  const others = [...tensors.keys()].filter((key) => ![...names, HIDDEN, LENGTHS].includes(key)).sort();
  const [hidden, lengths] = [part(HIDDEN, units, latentDim + 1), part(LENGTHS, names.length)];
  return { of: parts(names), held: parts(others), hidden, lengths };
}

/** A latent moved as a look says, at its own length. Attributes without a direction are left out. */
export function moved(latent, look, directions) {
  const names = movedBy(look).filter((name) => directions && Object.hasOwn(directions.of, name));
  if (!names.length) return latent;
  if (directions.hidden) return movedLocally(latent, look, directions);
  const there = latent.slice();
  for (const name of names) directions.of[name].forEach((value, i) => (there[i] += look[name] * value));
  return sized(there, norm(latent));
}

/** Along the gradients of what a small network guesses of the attributes: LocalDirections in gan/model/directions.py. */
function movedLocally(latent, look, { of, held, hidden, lengths }) {
  const weights = [...Object.values(of), ...Object.values(held)];
  const asked = Object.keys(of).map((name, k) => (look[name] * lengths[k]) / STEPS);
  const length = norm(latent);
  let at = Float64Array.from(latent);
  const start = guess(at, weights, hidden).guessed;
  for (let step = 0; step < STEPS; step++) {
    const { guessed, gradients } = guess(at, weights, hidden);
    for (const gradient of gradients) {
      const outwards = dot(gradient, at) / length ** 2; // along the sphere
      gradient.forEach((value, i) => (gradient[i] = value - outwards * at[i]));
    }
    const inner = gradients.map((one, k) => gradients.map((other, j) => dot(one, other) + (j === k ? LEEWAY : 0)));
    /** The move that changes the attributes by so much, and nothing else. */
    const move = (changes) => {
      const there = new Float64Array(at.length);
      solved(inner, changes).forEach((share, k) => gradients[k].forEach((value, i) => (there[i] += share * value)));
      return there;
    };
    const moves = [move(start.map((value, k) => (asked[k] ? 0 : value - guessed[k])))];
    asked.forEach((own, k) => own && moves.push(sized(move(start.map((_, j) => Number(j === k))), own)));
    at = sized(at.map((value, i) => moves.reduce((sum, each) => sum + each[i], value)), length);
  }
  return Float32Array.from(at);
}

/** The attributes that the network guesses at a latent, and their gradients. */
function guess(at, weights, hidden) {
  const size = at.length;
  const layer = new Float64Array(hidden.length / (size + 1));
  layer.forEach((_, unit) => {
    const row = hidden.subarray(unit * (size + 1), (unit + 1) * (size + 1));
    layer[unit] = Math.tanh(dot(at, row) + row[size]);
  });
  const guessed = weights.map((own) => dot(at, own) + dot(layer, own.subarray(size)));
  const gradients = weights.map((own) => {
    const gradient = Float64Array.from(own.subarray(0, size));
    layer.forEach((value, unit) => {
      const slope = own[size + unit] * (1 - value ** 2);
      for (let i = 0; i < size; i++) gradient[i] += slope * hidden[unit * (size + 1) + i];
    });
    return gradient;
  });
  return { guessed, gradients };
}

/** The solution x of A x = b by Gaussian elimination; A is symmetric and positive definite. */
function solved(matrix, values) {
  const rows = matrix.map((row) => [...row]);
  const found = [...values];
  rows.forEach((row, k) => {
    for (let j = k + 1; j < rows.length; j++) {
      const factor = rows[j][k] / row[k];
      for (let i = k; i < row.length; i++) rows[j][i] -= factor * row[i];
      found[j] -= factor * found[k];
    }
  });
  for (let k = rows.length - 1; k >= 0; k--) {
    for (let j = k + 1; j < rows.length; j++) found[k] -= rows[k][j] * found[j];
    found[k] /= rows[k][k];
  }
  return found;
}

function sized(vector, length) {
  const scale = length / norm(vector);
  return vector.map((value) => value * scale);
}
