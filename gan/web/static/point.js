// Points: a seed, or a place on the way between two points: gan/model/point.py. A seed is a number, a place is
// { left, right, t }: t of the way, 0 < t < 1, from the point left to the point right.

export const SEED_LIMIT = 2 ** 32; // seeds are 0 <= seed < SEED_LIMIT
export const MOST_SEEDS = 8; // in a place
const DECIMALS = 3; // of its t
const LONGEST = 300; // characters of a text that may be a point
const TOKEN = /@-?(?:[0-9]{1,9}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})|[0-9]{1,10}|[~()]/g;

export const isPlace = (point) => typeof point === "object";

/** The seeds that a point names, from left to right. */
export const seedsOf = (point) => (isPlace(point) ? [...seedsOf(point.left), ...seedsOf(point.right)] : [point]);

/** A point as a link holds it: `4~13@0.4`. */
export function text(point) {
  if (!isPlace(point)) return String(point);
  return `${text(point.left)}~${isPlace(point.right) ? `(${text(point.right)})` : point.right}@${point.t}`;
}

/** The point at t of the way, 0 to 1, rounded to 3 decimals; at 0 and 1 it is the end itself.
 *  Throws a RangeError where t is not between 0 and 1, or a place would have more than 8 seeds. */
export function between(left, right, t) {
  t = rounded(t, DECIMALS);
  if (t === 0) return left;
  if (t === 1) return right;
  if (!(t > 0 && t < 1)) throw new RangeError(`t must be between 0 and 1: ${t}`);
  const place = { left, right, t };
  if (seedsOf(place).length > MOST_SEEDS) throw new RangeError(`a place has at most ${MOST_SEEDS} seeds`);
  return place;
}

/** `4~13@0.4` → { point, exact }; exact: whether it is what was written: a t is brought into its range and rounded.
 *  Throws a RangeError where the text is not a point, or names more than 8 seeds. */
export function parse(written) {
  const tokens = written.slice(0, LONGEST).match(TOKEN) ?? [];
  if (tokens.join("") !== written || tokens.filter((token) => token === "(").length > MOST_SEEDS) {
    throw new RangeError(`not a point: ${written.slice(0, LONGEST)}`);
  }
  tokens.reverse();
  const found = chain(tokens);
  if (tokens.length) throw new RangeError(`nothing was expected: ${tokens.at(-1)}`);
  return found;
}

function chain(tokens) {
  let { point, exact } = operand(tokens);
  while (tokens.at(-1) === "~") {
    tokens.pop();
    const right = operand(tokens);
    const writtenT = Number(take(tokens, "@").slice(1));
    const t = Math.min(Math.max(rounded(writtenT, DECIMALS), 0), 1);
    point = between(point, right.point, t);
    exact = exact && right.exact && Math.abs(t - writtenT) < 1e-6;
  }
  return { point, exact };
}

function operand(tokens) {
  if (tokens.at(-1) === "(") {
    tokens.pop();
    const inside = chain(tokens);
    take(tokens, ")");
    return inside;
  }
  const seed = tokens.pop() ?? "";
  if (!/^[0-9]+$/.test(seed) || Number(seed) >= SEED_LIMIT) throw new RangeError(`not a seed: ${seed}`);
  return { point: Number(seed), exact: true };
}

/** The next token, which must be of this kind. */
function take(tokens, kind) {
  const token = tokens.pop() ?? "";
  if (!token.startsWith(kind)) throw new RangeError(`${kind} was expected: ${token}`);
  return token;
}

/** As Python's round(): to the nearest number with these decimals; of two that are equally near, the even one. */
export function rounded(value, decimals) {
  // only an odd multiple of 2 ** -(decimals + 1) lies exactly between two; toFixed takes the larger one
  const tie = Math.abs((value * 2 ** (decimals + 1)) % 2) === 1;
  if (!tie) return Number(value.toFixed(decimals)) + 0;
  const below = Math.floor(value * 10 ** decimals);
  return (below % 2 === 0 ? below : below + 1) / 10 ** decimals + 0;
}
