/** A text with {names} and what they stand for → the text that is read. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
