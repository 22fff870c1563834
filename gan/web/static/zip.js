// A ZIP file whose files are stored as they are: PNGs are compressed already. pkware.com, APPNOTE.TXT.
import { crc32 } from "./crc32.js";

const FIRST_DAY = 0x21; // 1 January 1980, the least date there is
const UTF8 = 0x800;

/** Map of name → bytes (Uint8Array) → ZIP file. */
export function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, data] of files) {
    const bytes = new TextEncoder().encode(name);
    // version, flags, method, time, date, CRC, compressed size, size, length of the name, of more
    const common = [
      [20, 2],
      [UTF8, 2],
      [0, 2],
      [0, 2],
      [FIRST_DAY, 2],
      [crc32(data), 4],
      [data.length, 4],
      [data.length, 4],
    ];
    const header = record([0x04034b50, 4], ...common, [bytes.length, 2], [0, 2]);
    const more = [
      [bytes.length, 2],
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 4],
      [offset, 4],
    ];
    directory.push(record([0x02014b50, 4], [20, 2], ...common, ...more), bytes);
    parts.push(header, bytes, data);
    offset += header.length + bytes.length + data.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const count = [files.size, 2];
  const end = record([0x06054b50, 4], [0, 2], [0, 2], count, count, [size, 4], [offset, 4], [0, 2]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** Numbers as [value, count of bytes], little-endian. */
const record = (...numbers) =>
  Uint8Array.from(
    numbers.flatMap(([value, count]) => Array.from({ length: count }, (_, i) => (value >>> (8 * i)) & 255)),
  );
