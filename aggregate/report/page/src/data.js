// The document of the page: unpacked once, and read by section, column and row.

import {plain, written} from "./format.js";

/** The packed data that the page carries. No request is made: the stream is one of bytes in memory. */
export async function unpack(element) {
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (letter) => letter.charCodeAt(0));
  const isZlib = (bytes[0] & 15) === 8 && ((bytes[0] << 8) | bytes[1]) % 31 === 0;
  const opened = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(isZlib ? "deflate" : "deflate-raw"));
  return new Response(opened).json();
}

/** A section with its columns by name. */
export class Section {
  constructor(about, app, report) {
    this.about = about;
    this.app = app;
    this.report = report;
    this.columns = about.columns ?? [];
    this.at = new Map(this.columns.map((column, index) => [column.name, index]));
    this.length = about.data?.[0]?.length ?? 0;
  }

  has(name) {
    return name !== undefined && name !== null && this.at.has(name);
  }

  column(name) {
    return this.columns[this.at.get(name)];
  }

  /** The columns of the table: an interval stands in the cell of its number, and what is said in words is left out. */
  shownColumns() {
    const isEnd = new Set();
    return this.columns.flatMap((column) => {
      if (column.is_aside || isEnd.has(column.name)) return [];
      const ends = this.ends(column.name);
      for (const end of ends) isEnd.add(end);
      return [{column, ends}];
    });
  }

  /** The names of the columns with the interval of a number; none where it has none. */
  ends(name) {
    const base = name.replace(/_estimate$/, "");
    const ends = [`${base}_lower`, `${base}_upper`];
    return ends.every((end) => this.has(end)) ? ends : [];
  }

  /** The interval of a number, as it is read; nothing where the number is not shown. */
  between(row, name) {
    const ends = this.ends(name);
    if (ends.length === 0 || this.value(row, name) === null) return null;
    return ends.map((end) => written(this.value(row, end), this.column(end))).join(" to ");
  }

  value(row, name) {
    return this.has(name) ? this.about.data[this.at.get(name)][row] : null;
  }

  /** What a row is called: by the title that the catalogue gives, where there is one. */
  label(row, name) {
    const title = [`${name}_title`, "title"].find((beside) => this.has(beside));
    const called = title && (title !== "title" || this.isFirstName(name)) ? this.value(row, title) : null;
    return plain(called || this.value(row, name) || "none");
  }

  isFirstName(name) {
    return this.columns.find((column) => column.kind === "name")?.name === name;
  }

  rows() {
    return Array.from({length: this.length}, (_, row) => row);
  }

  /** The releases that every axis of time is marked with. */
  releases() {
    return this.report.releases?.[this.app.app] ?? [];
  }

  /** Why a period of this section shows nothing; `row` is what there is of it. */
  reason(period, row) {
    const withheld = (this.about.withheld ?? []).find((one) => one.period === period);
    if (withheld) return {mark: "×", text: `withheld: ${withheld.reason}`};
    if ((this.report.days?.gaps ?? []).includes(period)) return {mark: "×", text: "not sealed"};
    // Other numbers of the period are shown: it is this one alone that does not follow from them.
    if (row !== undefined && this.hasNumber(row)) return {mark: "–", text: "no number: it does not follow from what is shown of these periods"};
    const k = policyOf(this.report, period)?.k ?? "k";
    return {mark: "few", text: `below the threshold: too few devices to be shown. It may be more than ${k}, since noise is added before a row is held against its threshold`};
  }

  hasNumber(row) {
    return this.columns.some(({kind}, index) => (kind === "count" || kind === "rate") && this.about.data[index][row] !== null);
  }
}

function policyOf(report, period) {
  return (report.policies ?? []).filter((policy) => !policy.from || policy.from <= period).at(-1) ?? report.policies?.[0];
}

/**
 * A section as CSV: the values themselves, nothing rounded, and in each line the app, whether data is synthetic, and the
 * last manifest. It is what `kaiku report --format csv` gives of this section.
 */
export function csv(section) {
  const {app, report, columns, about} = section;
  const quoted = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const line = (values) => `${values.map(quoted).join(",")}\n`;
  const same = [app.app, report.synthetic, report.manifest?.hash ?? ""];
  const head = line(["app", "synthetic", "manifest", ...columns.map(({name}) => name)]);
  return head + section.rows().map((row) => line([...same, ...about.data.map((column) => column[row])])).join("");
}
