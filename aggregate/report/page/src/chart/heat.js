// A table in colours, each cell with its number written in.

import {axisX, cell, text} from "@observablehq/plot";
import {shortened, textWidth} from "../elements.js";
import {inCell, written} from "../format.js";
import {draw, flagNote, flagged, inWords, notShown} from "./plot.js";

const STEPS = 7;
const MOST = 30;
const NARROW = 400;

export function heat(section, chart, width) {
  const column = section.column(chart.value);
  const cells = section.rows().map((row) => ({
    row, x: section.label(row, chart.x), y: section.label(row, chart.y), value: section.value(row, chart.value)
  }));
  const allX = [...new Set(cells.map(({x}) => x))];
  const allY = [...new Set(cells.map(({y}) => y))];
  const names = allY.slice(0, MOST);
  const room = Math.max(...names.map((name) => textWidth(name))) + 12;
  const isNarrow = width < NARROW || room > width * 0.4;
  const marginLeft = isNarrow ? 2 : room;
  const signed = ({row}) => (row !== undefined && chart.flag ? flagged(section, row, chart.flag).split(" ")[0] : "");
  const least = Math.max(...cells.map((one) => textWidth(`${inCell(one.value ?? 0, column, 60)} ${signed(one)}`.trim()))) + 10;
  const across = allX.slice(-Math.max(1, Math.floor((width - marginLeft - 2) / Math.max(least, 36))));
  const known = new Map(cells.map((one) => [JSON.stringify([one.x, one.y]), one]));
  // What has no row is not shown either: it has a cell of its own, with the mark of that.
  const shown = names.flatMap((y) => across.map((x) => known.get(JSON.stringify([x, y])) ?? {x, y, value: null}));
  const most = Math.max(0, ...shown.map(({value}) => value ?? 0));
  const step = (value) => Math.min(STEPS - 1, Math.floor((value / (most || 1)) * STEPS));
  const size = Math.min(96, (width - marginLeft - 2) / across.length);
  const bounds = ({row}) => [chart.lower, chart.upper].map((name) => section.value(row, name));
  const between = (one) => bounds(one).map((value) => written(value, column)).join("–");
  const ranged = shown.filter((one) => one.value !== null && bounds(one).every((value) => value !== null));
  const hasRoom = !isNarrow && ranged.length > 0 && Math.max(...ranged.map((one) => textWidth(between(one), 10))) < size - 6;
  // Names that are wider than their column stand upright.
  const widest = Math.max(...across.map((name) => textWidth(name)));
  const isUpright = widest > size - 6;
  const top = isUpright ? Math.min(widest, 160) + 12 : 24;
  const high = isNarrow ? 44 : hasRoom ? 36 : 26;
  const marginRight = Math.max(2, width - marginLeft - size * across.length);
  const at = {x: "x", y: "y"};
  const inset = {inset: 1, insetTop: isNarrow ? 19 : 1};
  const dy = isNarrow ? 9 : hasRoom ? -6 : 0;
  const onCell = ({value}) => (step(value ?? 0) >= 4 ? "var(--on-dark)" : "var(--on-light)");
  const svg = draw({
    width, height: top + 2 + high * names.length, marginLeft, marginRight, marginTop: top, marginBottom: 2,
    x: {type: "band", domain: across, label: null, padding: 0},
    y: {type: "band", domain: names, label: null, axis: null, padding: 0},
    marks: [
      axisX({anchor: "top", tickSize: 0, color: "var(--soft)", label: null, ...(isUpright ? {tickRotate: -90} : {}),
        tickFormat: (name) => shortened(name, isUpright ? 160 : size)}),
      cell(shown.filter(({value}) => value !== null), {...at, ...inset, fill: ({value}) => `var(--h${step(value)})`,
        className: "mark"}),
      cell(shown.filter(({value}) => value === null), {...at, ...inset, fill: "none", stroke: "var(--line)", className: "gap"}),
      text(shown, {...at, dy, text: (one) => (one.value === null ? "–" : `${inCell(one.value, column, size)} ${signed(one)}`.trim()),
        fill: (one) => (one.value === null ? "var(--soft)" : onCell(one)), fontVariant: "tabular-nums"}),
      hasRoom ? text(ranged, {...at, dy: 8, text: between, fill: onCell, fontSize: 10, className: "interval"}) : null,
      text(names, {y: (name) => name, text: (name) => shortened(name, isNarrow ? width : room), frameAnchor: "left", textAnchor: isNarrow ? "start" : "end",
        dx: isNarrow ? 2 : -8, dy: isNarrow ? -13 : 0, fill: "var(--ink)"})
    ]
  });
  const x = svg.scale("x");
  const y = svg.scale("y");
  const points = shown
    .map((one) => ({
      svg, group: names.indexOf(one.y), row: one.row,
      x: x.apply(one.x) + x.bandwidth / 2, y: y.apply(one.y) + y.bandwidth / 2 + (isNarrow ? dy : 0),
      title: `${one.y}, ${one.x}`,
      text: one.value === null
        ? notShown(column)
        : inWords(section, one.row, [chart.value, chart.flag])
    }));
  const notes = flagNote(section, cells.map(({row}) => row), chart.flag);
  if (shown.some(({value}) => value === null)) notes.push("– is not shown: below the threshold or withheld, and not zero.");
  if (across.length < allX.length) notes.push(`The last ${across.length} of ${allX.length} columns; the table has all.`);
  if (names.length < allY.length) notes.push(`The first ${names.length} of ${allY.length} lines; the table has all.`);
  return {charts: [{svg}], points, notes};
}

