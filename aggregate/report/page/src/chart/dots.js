// Dots with their intervals: one line a category, the surest first. Bars and pairs are drawn by the same lines.

import {axisX, barX, dot, gridX, ruleX, ruleY, text, tickX} from "@observablehq/plot";
import {shortened, textWidth} from "../elements.js";
import {ticks, written} from "../format.js";
import {cutNote, domain, draw, flagNote, flagged, inWords, notShown, number, references, together} from "./plot.js";

/** More lines than these are left to the table. */
const MOST = 30;
const NARROW = 400;
/** Text stays readable where a line passes behind it. */
const HALO = {stroke: "var(--paper)", strokeWidth: 4};

export function dots(section, chart, width) {
  return lines(section, chart, width, {label: (row) => section.label(row, chart.y)});
}

/** Ordered categories: as they come, from 0. */
export function bars(section, chart, width) {
  return lines(section, {...chart, sort: null}, width, {label: (row) => section.label(row, chart.y), isBar: true});
}

/** Two names that are used together: the strongest first. */
export function pairs(section, chart, width) {
  const label = (row) => `${section.label(row, chart.a)} + ${section.label(row, chart.b)}`;
  return lines(section, {...chart, x: chart.value, sort: chart.lower ?? chart.value}, width, {label, most: 20});
}

function lines(section, chart, width, {label, isBar = false, most = MOST}) {
  const column = section.column(chart.x);
  const value = (row) => section.value(row, chart.x);
  const bounds = (row) => [chart.lower, chart.upper].map((name) => section.value(row, name) ?? value(row));
  let rows = section.rows();
  if (chart.sort) {
    const by = {lower: chart.lower, upper: chart.upper, x: chart.x}[chart.sort] ?? chart.sort;
    const key = (row) => number(section.value(row, by) ?? value(row));
    rows = rows.sort((a, b) => (Number.isNaN(key(a)) - Number.isNaN(key(b))) || key(b) - key(a));
  }
  const left = rows.length - most;
  rows = rows.slice(0, most);
  const shown = rows.filter((row) => value(row) !== null);
  const ends = shown.flatMap(bounds);
  const axis = isBar ? {domain: [0, Math.max(...ends, 0) * 1.03 || 1], cut: false} : domain(ends, ends, column);
  const {within, keys} = references(chart.lines, axis, column);

  const room = Math.max(40, ...rows.map((row) => textWidth(label(row)))) + 12;
  const isNarrow = width < NARROW || room > width * 0.5;
  const marginLeft = isNarrow ? 14 : room;
  const flag = (row) => flagged(section, row, chart.flag);
  const said = (row) => [written(value(row), column), isNarrow ? flag(row) : ""].filter(Boolean).join(" ");
  const numbers = Math.max(...rows.map((row) => textWidth(said(row))), 30);
  const flags = Math.max(...rows.map((row) => textWidth(flag(row))));
  const marginRight = isNarrow ? 14 : numbers + 16 + (flags > 0 ? flags + 12 : 0);
  const step = isNarrow ? 36 : 20;
  const top = within.length ? 22 : 8;
  const mid = isNarrow ? 6 : 0;
  const mark = {y: (row) => row, dy: mid};
  const svg = draw({
    width,
    height: top + 26 + step * rows.length,
    marginLeft, marginRight, marginTop: top, marginBottom: 26,
    x: {domain: axis.domain, label: null},
    y: {domain: rows, label: null, axis: null, padding: 0},
    marks: [
      gridX({ticks: Math.max(2, Math.round(width / 140)), stroke: "var(--line)", strokeOpacity: 1}),
      axisX({ticks: Math.max(2, Math.round(width / 140)), tickFormat: ticks(column, axis.domain), tickSize: 0,
        color: "var(--soft)"}),
      ...within.map((line) => ruleX([line], {x: "value", stroke: "var(--ink)", strokeDasharray: line.dash})),
      text(together(within, axis, width - marginLeft - marginRight), {x: "value", text: "letter", frameAnchor: "top", dy: -12, fill: "var(--ink)", fontWeight: 600}),
      isBar
        ? barX(shown, {...mark, x1: 0, x2: value, fill: "var(--bar)", insetTop: isNarrow ? 12 : 4,
          insetBottom: isNarrow ? 12 : 4, className: "mark"})
        : null,
      ...whiskers(shown, {mark, bounds, color: isBar ? "var(--ink)" : "var(--interval)", inset: isNarrow ? 13 : 5}),
      text(rows.filter((row) => value(row) === null), {...mark, text: () => "–", frameAnchor: "left", dx: 6,
        fill: "var(--gap)", fontWeight: 600, className: "gap"}),
      ...(isBar ? [] : discs(shown, {...mark, x: value, className: "mark"}, (row) => isWide(value(row), bounds(row)))),
      text(rows, {y: (row) => row, text: (row) => (isNarrow ? shortened(label(row), width - numbers - 24) : label(row)),
        frameAnchor: "left", fill: "var(--ink)", ...HALO,
        ...(isNarrow ? {textAnchor: "start", dy: -10, dx: -12} : {textAnchor: "end", dx: -8})}),
      text(rows, {y: (row) => row, text: said, frameAnchor: "right", ...HALO,
        ...(isNarrow ? {textAnchor: "end", dy: -10, dx: 10} : {textAnchor: "start", dx: 10}),
        fill: (row) => (value(row) === null ? "var(--soft)" : "var(--ink)"), fontVariant: "tabular-nums"}),
      isNarrow ? null : text(rows.filter(flag), {y: (row) => row, text: flag, frameAnchor: "right", textAnchor: "start", dx: numbers + 20,
        fill: "var(--ink)", fontWeight: 600, className: "flag"})
    ]
  });
  const x = svg.scale("x");
  const y = svg.scale("y");
  const points = rows.map((row) => ({
    svg, group: 0, row,
    x: value(row) === null ? marginLeft : x.apply(value(row)),
    y: y.apply(row) + y.bandwidth / 2 + mid,
    title: label(row),
    text: value(row) === null ? notShown(column) : inWords(section, row, [chart.x])
  })).map((point) => ({...point, text: [point.text, inWords(section, point.row, [...(chart.also ?? []), chart.flag])].filter(Boolean).join("; ")}));
  const notes = [...flagNote(section, rows, chart.flag), ...keys];
  if (!isBar && shown.some((row) => isWide(value(row), bounds(row)))) notes.push(HOLLOW);
  if (axis.cut) notes.push(cutNote(axis, column));
  if (left > 0) notes.push(`The first ${rows.length} of ${rows.length + left}; the table has all.`);
  return {charts: [{svg}], points, notes};
}

const HOLLOW = "A hollow dot has an interval that is wider than its number: little is known of it.";

/** An interval that is wider than its number leaves more open than it says. */
const isWide = (value, [lower, upper]) => upper - lower > value;

/** The dots, hollow where little is known: a shape, and no colour of its own. */
function discs(rows, mark, isHollow) {
  return [
    dot(rows.filter((row) => !isHollow(row)), {...mark, r: 3, fill: "var(--mark)"}),
    dot(rows.filter(isHollow), {...mark, r: 3.25, fill: "var(--paper)", stroke: "var(--mark)", strokeWidth: 1.5})
  ];
}

/** A line from bound to bound with its ends marked, so that one that is shorter than the dot is wide is seen too. */
function whiskers(rows, {mark, bounds, color, inset}) {
  const drawn = rows.filter((row) => bounds(row)[0] !== bounds(row)[1]);
  const line = {...mark, stroke: color, strokeWidth: 1.75, className: "interval"};
  return [
    ruleY(drawn, {...line, x1: (row) => bounds(row)[0], x2: (row) => bounds(row)[1]}),
    ...[0, 1].map((end) => tickX(drawn, {...line, x: (row) => bounds(row)[end], insetTop: inset, insetBottom: inset}))
  ];
}
