// A chart of a section: drawn, captioned, with its notes and its points.

import {element} from "./elements.js";
import {bars, dots, pairs} from "./chart/dots.js";
import {heat} from "./chart/heat.js";
import {share, trend} from "./chart/time.js";
import {overPoints} from "./points.js";

/** Intervals are drawn wherever there are any, also where the chart does not name them. */
function bounded(section, chart, value) {
  const base = value.replace(/_estimate$/, "");
  const bound = (given, name) => given ?? (section.has(`${base}_${name}`) ? `${base}_${name}` : undefined);
  return {...chart, lower: bound(chart.lower, "lower"), upper: bound(chart.upper, "upper")};
}

const KINDS = {dots, bars, pairs, trend, share, heat};

/** Fills the place of a chart, at the width that it is given. Without a number to show, it says so. */
export function show(place, section, chart, width, id) {
  const kind = KINDS[chart.kind];
  const value = chart.kind === "trend" || chart.kind === "share" ? chart.y : chart.x;
  const of = chart.kind === "heat" || chart.kind === "pairs" ? chart.value : value;
  const has = section.has(of) && section.rows().some((row) => section.value(row, of) !== null);
  const caption = element("figcaption", {id}, chart.caption ?? section.about.title);
  if (!kind || !has) {
    place.replaceChildren(element("p", {class: "nothing"}, `${caption.textContent}: nothing to draw, since no value is shown.`));
    return;
  }
  const {charts, points, notes, columns} = kind(section, bounded(section, chart, of), width);
  const stage = element("div", {class: "stage"});
  for (const {svg, name} of charts) {
    stage.append(element("div", {class: "panel"}, name ? element("p", {class: "name", "aria-hidden": "true"}, name) : null, svg));
  }
  if (columns > 1) stage.classList.add(`of-${columns}`);
  const figure = element("figure", {role: "group", "aria-labelledby": id, "data-kind": chart.kind}, caption, stage);
  if (notes.length > 0) figure.append(element("p", {class: "note"}, notes.join(" ")));
  place.replaceChildren(figure);
  overPoints(figure, stage, points, caption.textContent);
}
