// The parameters of a link as they were before chats, keyboards, mails and templates changed them: gan/link_text.py.

// what is put around a link, and so behind its last value
export const AROUND = " \t\r\n.,;:!?…*_~`'\"‘’“”«»<>()[]{}|\\/";
export const LONGEST = 10_000; // characters of a value: 64 places with eight seeds each take 9,087
export const SPACE = String.raw`\s\x1c-\x1f\x85`; // white space as Python has it, inside [ ]
const WHITE = new RegExp(`[${SPACE}]+`);
const FACE = new RegExp(String.raw`/face/([0-9(%][^/?#${SPACE}]{0,400}?)\.(?:png|webp)(?:\?([^${SPACE}]*))?`);
const PARAMETER = /(?:^|&)(?:amp;)*(?:v|tab|seeds)=/i;
const MOST_PARAMETERS = 100;
const AS_TYPED = { "、": ",", "،": ",", "؛": ";", "−": "-" };
const NUMERAL = /\p{Nd}/u;

/** A query string → Map of names in lower case to values of limited length.
 *  Understood are `&amp;` for &, `=3D` for =, everything encoded once more, invisible letters, and digits, commas and
 *  dashes of other scripts. */
export function parameters(query) {
  const text = first(query, 2 * LONGEST).replace(/&(?:amp;)+/g, "&");
  let found = new Map(
    [...pairs(text.replace(/^\?+/, "").split("#")[0])].map(([name, value]) => [name.replace(/^(?:amp;)+/, ""), value]),
  );
  for (const name of [...found.keys()].filter((name) => name.includes("=") && !found.get(name))) {
    found = new Map([...pairs(name), ...found]);
  }
  const quotedPrintable = (found.get("v") ?? "").startsWith("3D");
  const clean = (value) => {
    value = first(value, LONGEST);
    return trim(inAscii(unquote(quotedPrintable ? value.replace(/^3D/, "") : value)));
  };
  return new Map([...found].map(([name, value]) => [name.toLowerCase(), clean(value)]));
}

/** The parameters of the link, or of the address of a face, that a text holds; "" if it holds none. */
export function pasted(text) {
  text = first(text, LONGEST);
  const face = FACE.exec(text);
  if (face) return `seeds=${face[1]}&${face[2] ?? ""}`;
  const queries = words(text).map((word) => word.slice(word.indexOf("?") + 1) || word);
  return queries.find((query) => PARAMETER.test(query)) ?? "";
}

/** A text with digits, commas and dashes in ASCII, and without invisible letters. */
export function inAscii(text) {
  return text
    .normalize("NFKC")
    .replace(/[、،؛−]/g, (letter) => AS_TYPED[letter])
    .replace(/\p{Nd}/gu, digit)
    .replace(/\p{Cf}/gu, "")
    .replace(/\p{Pd}/gu, "-");
}

/** The value of a decimal digit of any script: Unicode keeps the ten of each in order and without gaps. */
function digit(letter) {
  const code = letter.codePointAt(0);
  let zero = code;
  while (NUMERAL.test(String.fromCodePoint(zero - 1))) zero--;
  return String((code - zero) % 10);
}

/** A piece of a link's text, short and printable, to be quoted in a sentence. */
export function short(text) {
  const letters = [...text].filter((letter) => letter === " " || !/[\p{C}\p{Z}]/u.test(letter));
  return letters.length <= 30 ? letters.join("") : letters.slice(0, 29).join("") + "…";
}

/** The first characters of a text; a character is a code point, as in Python. */
export const first = (text, count) => [...text.slice(0, 2 * count)].slice(0, count).join("");

/** The words between white space. */
export const words = (text) => text.split(WHITE).filter(Boolean);

/** A text without white space at its ends. */
export const trim = (text) => stripped(text, (letter) => WHITE.test(letter));

/** A text without what is put around a link. */
export const bare = (text) => stripped(text, (letter) => AROUND.includes(letter));

/** A text without characters of one kind at its ends. A regular expression would take quadratic time. */
export function stripped(text, isKind) {
  let start = 0;
  let end = text.length;
  while (start < end && isKind(text[start])) start++;
  while (end > start && isKind(text[end - 1])) end--;
  return text.slice(start, end);
}

/** A query string → Map; the last of repeated names counts. Too many parameters are none. */
function pairs(query) {
  const found = query.split("&");
  if (found.length > MOST_PARAMETERS) return new Map();
  const split = found.filter(Boolean).map((each) => {
    const [, name, value] = /^([^=]*)=?(.*)$/s.exec(each.replaceAll("+", " "));
    return [unquote(name), unquote(value)];
  });
  return new Map(split.filter(([name, value]) => value || name.includes("=")));
}

/** %C3%A9 → é; bytes that are not UTF-8 become U+FFFD. */
function unquote(text) {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const bytes = Uint8Array.from(run.slice(1).split("%"), (byte) => parseInt(byte, 16));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  });
}
