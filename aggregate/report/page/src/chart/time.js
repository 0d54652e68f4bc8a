// Axes of time: a trend, one panel a series, and the shares of releases, all series in one panel.

import {areaY, axisX, axisY, dot, gridY, line, ruleX, ruleY, text} from "@observablehq/plot";
import {textWidth} from "../elements.js";
import {date, period as inDays, ticks, written} from "../format.js";
import {cutNote, domain, draw, inWords, number, references, together} from "./plot.js";

const DAY = 86_400_000;
const TOP = 6;
/** So few periods are each marked by their day. */
const FEW = 4;
const DASHES = [null, "6 3", "2 2", "8 3 2 3", "4 4", "1 3"];
const SYMBOLS = ["circle", "square", "triangle", "diamond", "cross", "star"];

export function trend(section, chart, width) {
  const {all, series, left} = bySeries(section, chart);
  const columns = series.length === 1 ? 1 : width >= 560 ? 3 : width >= 400 ? 2 : 1;
  const gap = 18;
  const each = Math.floor((width - gap * (columns - 1)) / columns);
  const height = series.length > 1 ? 132 : width < 300 ? 165 : 210;
  const notes = [];
  const points = [];
  const charts = series.map((one, group) => {
    const made = panel(section, chart, {all, series: [one], width: each, height});
    points.push(...made.points.map((point) => ({...point, group})));
    notes.push(...made.keys);
    if (made.cut) notes.push(series.length === 1 ? made.cut : "Each panel has an axis of its own; not all begin at 0.");
    return {svg: made.svg, name: chart.series ? one.label : null};
  });
  if (left > 0) notes.push(`The ${series.length} largest of ${series.length + left}; the table has all.`);
  return {charts, points, notes: [...new Set(notes)], columns};
}

export function share(section, chart, width) {
  const {all, series, left} = bySeries(section, chart);
  const made = panel(section, chart, {all, series, width, height: 260, hasEnds: true});
  const notes = [...made.keys, ...(made.cut ? [made.cut] : [])];
  if (left > 0) notes.push(`The ${series.length} largest of ${series.length + left}; the table has all.`);
  return {charts: [{svg: made.svg}], points: made.points, notes};
}

/** The rows of each series in the order of time, with nothing where a period has no row. */
function bySeries(section, chart) {
  const rows = new Map();
  for (const row of section.rows()) {
    const name = chart.series ? section.value(row, chart.series) : "";
    if (!rows.has(name)) rows.set(name, new Map());
    rows.get(name).set(section.value(row, chart.x), row);
  }
  const all = periods(section, chart.x);
  const size = (ofPeriod) => Math.max(0, ...[...ofPeriod.values()].map((row) => section.value(row, chart.lower) ??
    section.value(row, chart.y) ?? 0));
  const isShown = ([, ofPeriod]) => [...ofPeriod.values()].some((row) => section.value(row, chart.y) !== null);
  const sorted = [...rows].filter(isShown).map(([name, ofPeriod]) => ({name, ofPeriod, size: size(ofPeriod)}))
    .sort((a, b) => b.size - a.size);
  const series = sorted.slice(0, chart.top ?? TOP).map(({name, ofPeriod}) => {
    const first = ofPeriod.values().next().value;
    const label = chart.series ? section.label(first, chart.series) : "";
    const steps = all.map((period) => {
      const row = ofPeriod.get(period);
      const value = row === undefined ? null : section.value(row, chart.y);
      const bound = (column) => (value === null ? null : section.value(row, column) ?? value);
      return {period, at: date(period), row, value, lower: bound(chart.lower), upper: bound(chart.upper)};
    });
    return {name, label, steps};
  });
  return {all, series, left: sorted.length - series.length};
}

/** Every period from the first of the section to the last of the page, so that a missing one is seen to be missing. */
function periods(section, name) {
  const of = name === "week" ? section.report.weeks : section.report.days;
  const known = section.rows().map((row) => section.value(row, name)).filter((value) => value);
  const first = known.reduce((a, b) => (a < b ? a : b));
  const last = [of?.last, ...known].filter(Boolean).reduce((a, b) => (a > b ? a : b));
  const step = name === "week" ? 7 * DAY : DAY;
  const made = [];
  for (let time = date(first).getTime(); time <= date(last).getTime(); time += step) {
    made.push(new Date(time).toISOString().slice(0, 10));
  }
  return made;
}

/** Periods without a value that follow each other and have the same reason. */
function gaps(section, steps) {
  const runs = [];
  for (const step of steps.filter(({value}) => value === null)) {
    const reason = section.reason(step.period, step.row);
    const last = runs.at(-1);
    const isNext = last && steps.indexOf(step) === steps.indexOf(last.to) + 1 && last.reason.text === reason.text;
    if (isNext) last.to = step;
    else runs.push({from: step, to: step, reason});
  }
  return runs;
}

function panel(section, chart, {all, series, width, height, hasEnds = false}) {
  const column = section.column(chart.y);
  const steps = series.flatMap((one) => one.steps.filter(({value}) => value !== null));
  const axis = domain(steps.map(({lower}) => lower), steps.map(({upper}) => upper), column);
  const {within, keys} = references(chart.lines, axis, column);
  const format = ticks(column, axis.domain);
  const marginLeft = Math.max(...axis.domain.map((end) => textWidth(format(end))), 24) + 12;
  const marginRight = hasEnds ? Math.max(...series.map(({label}) => textWidth(label))) + 26 : within.length ? 16 : all.length <= FEW ? 20 : 8;
  const {placed: releases, left} = named(section.releases(), all, width - marginLeft - marginRight, height > 200 ? 3 : 2);
  const rules = section.releases().filter(({since}) => since >= all[0] && since <= all.at(-1)).map(({since}) => date(since));
  const dense = all.length > 40;
  const marks = [
    gridY({ticks: height > 200 ? 5 : 3, stroke: "var(--line)", strokeOpacity: 1}),
    axisY({ticks: height > 200 ? 5 : 3, tickFormat: format, tickSize: 0, color: "var(--soft)", label: null}),
    axisX({...dates(all, width, chart.x), tickSize: 3, color: "var(--soft)", label: null}),
    ...within.map((line) => ruleY([line], {y: "value", stroke: "var(--ink)", strokeDasharray: line.dash})),
    text(together(within, axis, height - 60), {y: "value", text: "letter", frameAnchor: "right", textAnchor: "start", dx: 4, fill: "var(--ink)", fontWeight: 600}),
    ruleX(rules, {stroke: "var(--soft)", strokeDasharray: "2 3"}),
    ...releases.map(({at, release, row, isBefore}) => text([release], {x: [at], text: [release], frameAnchor: "top",
      dy: -10 - 12 * row, textAnchor: isBefore ? "end" : "start", dx: isBefore ? -2 : 2, fill: "var(--soft)", fontSize: 11}))
  ];
  const ends = [];
  for (const [index, {label, steps: own}] of series.entries()) {
    const color = hasEnds ? `var(--s${index + 1})` : "var(--mark)";
    marks.push(...band(own, {color, edge: hasEnds ? color : "var(--interval)", index, hasEnds}));
    marks.push(ruleX(alone(own, true), {x: "at", y1: "lower", y2: "upper", stroke: hasEnds ? color : "var(--interval)",
      strokeWidth: 1.75, className: "interval"}));
    marks.push(dot(alone(own, dense), {x: "at", y: "value", r: 2.5, fill: color, className: "mark"}));
    const last = own.filter(({value}) => value !== null).at(-1);
    if (hasEnds && last) ends.push({label, color, symbol: SYMBOLS[index], value: last.value, at: last.at});
  }
  const runs = series.flatMap((one) => gaps(section, one.steps).map((run) => ({...run, label: one.label})));
  if (!hasEnds) marks.push(...missing(runs, axis.domain[0], (width - marginLeft) / all.length, all));
  else marks.push(...missing(once(runs.filter(({reason}) => reason.mark === "×")), axis.domain[0], 9, all));
  const top = releases.length ? 18 + 12 * Math.max(...releases.map(({row}) => row)) : 10;
  if (hasEnds) marks.push(...endLabels(ends, axis.domain, height - top - 40));
  const svg = draw({
    width, height, marginLeft, marginRight, marginTop: top, marginBottom: 40,
    x: {type: "utc", domain: all.length > 1 ? [date(all[0]), date(all.at(-1))]
      : [-DAY, DAY].map((away) => new Date(+date(all[0]) + away))},
    y: {domain: axis.domain},
    symbol: {type: "identity"},
    marks
  });
  const points = pointsOf(section, chart, svg, {series, axis, hasEnds});
  if (left.length > 0) keys.push(`Releases whose names have no room here: ${left.join(", ")}.`);
  return {svg, points, keys, cut: axis.cut ? cutNote(axis, column) : null};
}

/** Where an axis of time is marked: a few periods each by their day, many weeks at their Mondays, many days by round dates. */
function dates(all, width, unit) {
  const many = Math.max(2, Math.round(width / 110));
  if (all.length <= Math.min(FEW, many + 1)) return {ticks: all.map(date), tickFormat: "%-d %b"};
  const step = Math.ceil(all.length / (many + 1));
  return unit === "week" ? {ticks: all.filter((_, index) => index % step === 0).map(date)} : {ticks: many};
}

/** A band from the lower to the upper bound, its edges, and the line of the estimates. All end where nothing is shown. */
function band(steps, {color, edge, index, hasEnds}) {
  const at = {x: "at", curve: "linear"};
  const fine = {...at, stroke: edge, strokeWidth: 0.8, strokeOpacity: hasEnds ? 0.75 : 1};
  return [
    areaY(steps, {...at, y1: ({lower}) => number(lower), y2: ({upper}) => number(upper), fill: hasEnds ? color : "var(--band)",
      fillOpacity: hasEnds ? 0.18 : 1, className: "interval"}),
    line(steps, {...fine, y: ({lower}) => number(lower)}),
    line(steps, {...fine, y: ({upper}) => number(upper)}),
    line(steps, {...at, y: ({value}) => number(value), stroke: color, strokeWidth: 1.6,
      strokeDasharray: hasEnds ? DASHES[index] : null, className: "mark"})
  ];
}

/** Points that no line would show, and, where there are few, all of them. */
function alone(steps, dense) {
  const has = (index) => steps[index]?.value !== null && steps[index] !== undefined;
  return steps.filter((_, index) => has(index) && (!dense || (!has(index - 1) && !has(index + 1))));
}

/** A period that is withheld is so for all lines: it is marked once. */
function once(runs) {
  return [...new Map(runs.map((run) => [`${run.from.period} ${run.to.period}`, run])).values()];
}

/** A gap: a line along the axis from its first to its last period, and the mark of its reason. */
function missing(runs, low, step, all) {
  const [first, last] = [date(all[0]), date(all.at(-1))];
  const half = (all.length > 1 ? date(all[1]) - first : DAY) / 2;
  const spans = runs.map(({from, to, reason}) => ({
    low, mark: reason.mark,
    x1: new Date(Math.max(from.at - half, first)), x2: new Date(Math.min(+to.at + half, last)),
    wide: ((to.at - from.at) / (2 * half) + 1) * step
  })).map((span) => ({...span, at: new Date((+span.x1 + +span.x2) / 2)}));
  return [
    ruleY(spans, {y: "low", x1: "x1", x2: "x2", stroke: "var(--gap)", strokeWidth: 3, className: "gap"}),
    text(spans.filter(({mark, wide}) => mark === "×" || wide > 24), {x: "at", y: "low", text: "mark", dy: -8,
      fill: "var(--gap)", fontSize: 11, fontWeight: 600, className: "gap"})
  ];
}

/** The names of the lines at their ends, moved apart where they would lie on each other. */
function endLabels(ends, [low, high], pixels) {
  const scale = pixels / (high - low);
  const placed = ends.sort((a, b) => b.value - a.value).map((end) => ({...end, from: (high - end.value) * scale}));
  placed.forEach((end, index) => {
    end.top = Math.max(end.from, index ? placed[index - 1].top + 14 : 0);
  });
  for (let index = placed.length - 1; index >= 0; index -= 1) {
    const limit = index === placed.length - 1 ? pixels : placed[index + 1].top - 14;
    placed[index].top = Math.min(placed[index].top, limit);
  }
  return placed.flatMap((end) => {
    const dy = end.top - end.from;
    return [
      dot([end], {x: "at", y: "value", symbol: end.symbol, r: 4, fill: end.color}),
      dot([end], {y: "value", frameAnchor: "right", dx: 12, dy, symbol: end.symbol, r: 4, fill: end.color}),
      text([end], {y: "value", text: "label", frameAnchor: "right", textAnchor: "start", dx: 20, dy, fill: "var(--ink)"})
    ];
  });
}

/**
 * Releases that began within the axis, their names in rows: behind their line, and before it where the chart ends. Those
 * for which no row has room are left to the note.
 */
function named(releases, all, width, rows) {
  const [first, last] = [date(all[0]), date(all.at(-1))];
  const free = Array(rows).fill(-Infinity);
  const placed = [];
  const left = [];
  const within = releases.map(({release, since}) => ({release, at: date(since)})).filter(({at}) => at >= first && at <= last);
  for (const {release, at} of within.sort((a, b) => a.at - b.at)) {
    const x = ((at - first) / (last - first || 1)) * width;
    const wide = textWidth(release, 11) + 6;
    const isBefore = x + wide > width + 8;
    const from = isBefore ? x - wide : x;
    const row = from < -8 ? -1 : free.findIndex((end) => from >= end);
    if (row < 0) {
      left.push(`${release} (${inDays(at.toISOString().slice(0, 10), "day")})`);
      continue;
    }
    free[row] = from + wide;
    placed.push({release, at, row, isBefore});
  }
  return {placed, left};
}

function pointsOf(section, chart, svg, {series, axis, hasEnds}) {
  const x = svg.scale("x");
  const y = svg.scale("y");
  const begun = new Map();
  for (const {release, since} of section.releases()) {
    if (since) begun.set(since, [...(begun.get(since) ?? []), release]);
  }
  return series.flatMap(({label, steps}, group) => {
    const shown = steps.filter(({value}) => value !== null).map((step) => ({
      at: step.at, y: step.value, row: step.row, periods: [step.period, step.period],
      text: inWords(section, step.row, [chart.y])
    }));
    const held = gaps(section, steps).map(({from, to, reason}) => ({
      at: new Date((+from.at + +to.at) / 2), y: axis.domain[0], periods: [from.period, to.period], text: reason.text
    }));
    return [...shown, ...held].sort((a, b) => a.at - b.at).map(({at, y: value, row, periods: [from, to], text: said}) => {
      const when = from === to ? inDays(from, chart.x) : `${inDays(from, chart.x)} to ${inDays(to, chart.x)}`;
      const release = from === to ? begun.get(from) : undefined;
      const also = release ? `; first seen this day: ${release.join(", ")}` : "";
      return {svg, group: hasEnds ? group : 0, row, x: x.apply(at), y: y.apply(value), title: label ? `${label}, ${when}` : when,
        text: said + also};
    });
  });
}
