// Published weights as they are: https://huggingface.co/docs/safetensors, a JSON header behind its length, numbers.

const MOST_HEADER_BYTES = 1_000_000;
const BYTES = { I8: 1, F16: 2, F32: 4, I64: 8 }; // what weights/ holds: gan.model.weights

/** Bytes of a file → { metadata, tensors }: tensors is a Map of name → { dtype, shape, bytes }.
 *  Throws an Error with one sentence where the file cannot be read; name is what the sentence calls it. */
export function read(bytes, name) {
  if (new TextDecoder().decode(bytes.subarray(0, 23)) === "version https://git-lfs") {
    throw new Error(`${name} is a Git LFS pointer, not the file itself: copy the file.`);
  }
  try {
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    if (length > Math.min(MOST_HEADER_BYTES, bytes.length - 8)) throw new RangeError("header");
    const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
    const { __metadata__: metadata = {}, ...entries } = header;
    const content = bytes.subarray(8 + length);
    const tensors = Object.entries(entries).map(([key, entry]) => [key, tensor(entry, content)]);
    checkOrder(tensors.map(([, { bytes }]) => bytes), content);
    return { metadata, tensors: new Map(tensors) };
  } catch (error) {
    throw new Error(`${name} is damaged or cut short: copy it again.`, { cause: error });
  }
}

function tensor({ dtype, shape, data_offsets: [start, end] }, content) {
  const count = shape.reduce((product, side) => product * side, 1);
  const whole = [...shape, start, end].every((number) => Number.isSafeInteger(number) && number >= 0);
  if (!whole || end > content.length || end - start !== count * BYTES[dtype]) throw new RangeError("tensor");
  return { dtype, shape, bytes: content.subarray(start, end) };
}

/** The tensors follow each other without gaps and overlaps, so that memory never holds more than the file does. */
function checkOrder(parts, content) {
  parts.sort((a, b) => a.byteOffset - b.byteOffset || a.length - b.length);
  const end = parts.reduce((at, part) => (part.byteOffset === at ? at + part.length : NaN), content.byteOffset);
  if (end !== content.byteOffset + content.length) throw new RangeError("gaps or overlaps");
}

/** The numbers of a tensor, float16 or float32, as Float32Array. */
export function numbers({ dtype, bytes }) {
  const aligned = bytes.slice().buffer;
  if (dtype === "F32") return new Float32Array(aligned);
  halves ??= allHalves();
  const bits = new Uint16Array(aligned);
  const values = new Float32Array(bits.length);
  // map and from are ten times slower
  for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]];
  return values;
}

let halves; // float16 as bits → its value

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
function allHalves() {
  return Float32Array.from({ length: 2 ** 16 }, (_, bits) => {
    const sign = bits >> 15 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
  });
}
