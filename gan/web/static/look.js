// How all faces of a view look, beside their points: gan/model/look.py.

export const ATTRIBUTES = ["age", "masculine", "smile", "glasses", "beard", "hair", "bangs", "turn"];

/** A look with these fields; the others as trained. Its directions count only where an attribute is moved. */
export function lookOf(fields = {}) {
  const look = { variation: 1, directions: "" };
  for (const name of ATTRIBUTES) look[name] = 0;
  Object.assign(look, fields);
  if (!movedBy(look).length) look.directions = "";
  return look;
}

/** The names of the attributes that a look moves. */
export const movedBy = (look) => ATTRIBUTES.filter((name) => look[name]);
