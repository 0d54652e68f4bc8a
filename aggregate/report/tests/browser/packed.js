// What a page carries, read by other means than its own script, and how its values are to be written.

import {inflateRawSync, inflateSync} from "node:zlib";
import {readFile} from "node:fs/promises";

export async function packed(file) {
  const html = await readFile(file, "utf8");
  const [, text] = /<script[^>]*id="kaiku-data"[^>]*>([^<]*)<\/script>/.exec(html);
  const bytes = Buffer.from(text.trim(), "base64");
  const opened = (bytes[0] & 15) === 8 && bytes.readUInt16BE(0) % 31 === 0 ? inflateSync(bytes) : inflateRawSync(bytes);
  return JSON.parse(opened.toString("utf8"));
}

/** The columns of a section by name, and its rows as objects. */
export function rowsOf(section) {
  const length = section.data[0]?.length ?? 0;
  return Array.from({length}, (_, row) => Object.fromEntries(section.columns.map(({name}, index) => [name, section.data[index][row]])));
}

/** The number in a text such as "12,345" or "1.09 %"; null where it says that nothing is shown. */
export function read(text) {
  const said = text.trim();
  if (said === "not shown" || said === "") return null;
  const number = Number(said.replace(/[,\s\u202f%]/g, ""));
  return said.endsWith("%") ? number / 100 : number;
}

/** The columns of a section's table: an interval stands in the cell of its number, and what is said in words is left out. */
export function tableColumns(section) {
  const has = (name) => section.columns.some((column) => column.name === name);
  const base = (name) => name.replace(/_(estimate|lower|upper)$/, "");
  const isEnd = ({name}) => /_(lower|upper)$/.test(name) && (has(base(name)) || has(`${base(name)}_estimate`));
  return section.columns.filter((column) => !column.is_aside && !isEnd(column)).map((column) => {
    const ends = ["lower", "upper"].map((end) => `${base(column.name)}_${end}`);
    return {column, ends: ends.every(has) ? ends : []};
  });
}

/** A text such as "12,345 12,100 to 12,600" or "1.09 %, interval 0.90 % to 1.30 %" by its numbers. */
export const numbersIn = (text) => text.split(/, interval | to |(?<=[\d%]) (?=\d)/);

/** Whether a text says a value, as closely as it is written: counts are whole, rates have two digits or three. */
export function says(text, value, kind) {
  const number = read(text);
  if (value === null || number === null) return value === number;
  if (kind === "count") return number === Math.round(value);
  const near = kind === "rate" ? 0.000051 : Math.abs(value) * 0.0051 + 1e-12;
  return Math.abs(number - value) <= near;
}

/** A file of comma-separated values, as RFC 4180 has it. */
export function parseCsv(text) {
  const rows = [];
  let row = [];
  let rest = text;
  while (rest.length > 0) {
    const [, quoted, plain, end] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n)/.exec(rest) ?? [];
    if (end === undefined) throw new Error(`not a value: ${rest.slice(0, 40)}`);
    const whole = quoted === undefined ? plain : `"${quoted}"`;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    rest = rest.slice(whole.length + end.length);
    if (end === "\n") {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}
