// How numbers, days and flags are written: in the chart, the tooltip and the table alike.

const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
const small = new Intl.NumberFormat("en", {maximumSignificantDigits: 3});
const short = new Intl.NumberFormat("en", {notation: "compact", maximumFractionDigits: 1});
const day = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC"
});
const week = new Intl.DateTimeFormat("en-GB", {day: "numeric", month: "short", year: "numeric", timeZone: "UTC"});

/** A flag is a sign and a word: never a colour alone. The sign is which way it went, the word what that means. */
const SIGNS = {rising: "▲", falling: "▼", up: "▲", down: "▼", new: "+", worse: "▲", better: "▼"};

/** The sign of a flag; none where there is no reliable change. */
export const sign = (flag) => SIGNS[flag];

/** A name as people read it: what is in no list, and a country that is not known, are called the same. */
export const plain = (name) => (name === "unlisted" || name === "ZZ" ? "not listed" : String(name));

/** The narrow space before the percent sign is one that does not break. */
const percent = (digits) => (value) => `${(value * 100).toFixed(digits)}\u202f%`;

/** Two digits, and more where the value is close to 0 or 1, so that 0.04 % and 99.96 % can be told from nothing and all. */
function rate(value) {
  const rest = Math.min(Math.abs(value), Math.abs(1 - value));
  return percent(rest > 0 && rest < 0.001 ? 3 : 2)(value);
}

export const date = (period) => new Date(`${period}T00:00:00Z`);

export function period(value, name) {
  return name === "week" ? `week of ${week.format(date(value))}` : day.format(date(value)).replace(",", "");
}

/** A value of a column, as it is read. `null` is what is not shown; it is never written as a number. */
export function written(value, column) {
  if (value === null || value === undefined) return column.kind === "flag" || column.kind === "text" ? "" : "not shown";
  switch (column.kind) {
    case "count": return whole.format(value);
    case "rate": return rate(value);
    case "period": return value === "" ? "" : period(value, column.name);
    case "flag": return sign(value) ? `${sign(value)} ${value}` : value === "" || value === "none" ? "no reliable change" : String(value);
    case "name": return plain(value);
    default: return typeof value === "number" ? small.format(value) : String(value);
  }
}

/** The same for the ticks of an axis, where space is short. */
export function ticks(column, [low, high]) {
  if (column.kind === "rate") {
    const span = (high - low) * 100;
    return percent(span < 0.5 ? 2 : span < 5 ? 1 : 0);
  }
  return (value) => (high >= 10000 ? short.format(value) : small.format(value));
}

/** Written into a cell of a heat map. */
export function inCell(value, column, width) {
  const text = written(value, column);
  return text.length * 6.2 <= width - 4 || column.kind !== "count" ? text : short.format(value);
}
