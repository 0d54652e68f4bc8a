// What all kinds of charts share: one way to draw, the points that can be reached, and the domain of an axis.

import {plot} from "@observablehq/plot";
import {sign, written} from "../format.js";

/**
 * Draws by Plot. Its own style element is taken out before the chart is in the page, where the page's policy would
 * refuse it; the two rules stand in page.css. The chart is hidden from screen readers, which have its points instead.
 */
export function draw(options) {
  const svg = plot({...options, className: "plot", style: {fontSize: "12px", overflow: "visible"}});
  for (const style of svg.querySelectorAll("style")) style.remove();
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  svg.removeAttribute("aria-label");
  return svg;
}

/** The values of a row that a chart shows, in words: each by the title of its column, with its interval. */
export function inWords(section, row, names) {
  const isSaid = (name) => section.has(name) && (section.column(name).kind !== "flag" || section.value(row, name) !== null);
  const said = names.filter(isSaid).map((name) => {
    const column = section.column(name);
    const between = section.between(row, name);
    return `${column.title} ${written(section.value(row, name), column)}${between ? `, interval ${between}` : ""}`;
  });
  return said.join("; ");
}

/** What a row's flag says behind its number: a sign and a word, and nothing where there is no reliable change. */
export function flagged(section, row, name) {
  const flag = section.value(row, name);
  return flag && sign(flag) ? written(flag, section.column(name)) : "";
}

/** Said under a chart whose rows may have flags. */
export function flagNote(section, rows, name) {
  if (!section.has(name)) return [];
  const signs = new Set(rows.map((row) => flagged(section, row, name)).filter(Boolean));
  if (signs.size === 0) return ["Nothing here has changed reliably."];
  return [`${[...signs].sort().join(", ")}: changed reliably. What has no sign has no reliable change.`];
}

/** Where an axis of values begins and ends. It begins at 0, but where all values are far from 0 and close together. */
export function domain(lows, highs, column) {
  const low = Math.min(...lows);
  const high = Math.max(...highs);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return {domain: [0, 1], cut: false};
  if (low > 0.55 * high) {
    const room = (high - low || high * 0.1) * 0.15;
    const top = column.kind === "rate" ? Math.min(1, high + room) : high + room;
    return {domain: [Math.max(0, low - room), top], cut: true};
  }
  return {domain: [Math.min(0, low), high > 0 ? high * 1.03 : 1], cut: false};
}

/** Said under a chart whose axis does not begin at 0. */
export const cutNote = ({domain: [low]}, column) => `The axis does not begin at 0 but at ${written(low, column)}.`;

/** A number, or NaN where nothing is shown: Plot leaves a gap there. */
export const number = (value) => (value === null || value === undefined ? NaN : value);

/** How the line of a letter is dashed, in every chart. */
const DASHES = {a: "6 3", b: "2 2", m: "8 2 2 2"};

/**
 * Reference lines have a letter in the chart, the same one in every chart, and their words below it, which have room there
 * at every width. A line that lies far beyond the values is said and not drawn: it would press them together.
 */
export function references(given, axis, column) {
  const within = [];
  const keys = [];
  const inOrder = [...(given ?? [])].sort((one, other) => one.letter.localeCompare(other.letter));
  for (const {value, label, letter} of inOrder) {
    const [low, top] = axis.domain;
    if (value > top && value <= top * 2) axis.domain = [low, value * 1.03];
    const isWithin = value >= axis.domain[0] && value <= axis.domain[1];
    if (isWithin) within.push({value, letter, dash: DASHES[letter] ?? "4 3"});
    const called = /\d/.test(label) ? label : `${label}: ${written(value, column)}`;
    keys.push(isWithin ? `Line ${letter}: ${called}.` : `Beyond the edge of the chart: ${called}.`);
  }
  return {within, keys};
}

/** The letters of lines that lie close to each other stand together, at the first of them. */
export function together(within, axis, pixels) {
  const scale = pixels / (axis.domain[1] - axis.domain[0]);
  const placed = [];
  for (const {value, letter} of [...within].sort((a, b) => a.value - b.value)) {
    const last = placed.at(-1);
    if (last && (value - last.value) * scale < 14) last.letter += ` ${letter}`;
    else placed.push({value, letter});
  }
  return placed;
}

/** Said of what has no number. */
export const notShown = ({title}) => `${title}: not shown, below the threshold or withheld, and not zero`;
