// The script of the page: it draws the charts of the packed data into a page that is whole without it.

import {Apps} from "./apps.js";
import {show} from "./chart.js";
import {Section, unpack} from "./data.js";
import {element} from "./elements.js";
import {fill, saveButton} from "./table.js";
import {tile} from "./tile.js";

/** Drawn so wide and printed somewhat smaller: the letters are then those of the small print beside the chart. */
const PRINTED = 400;

async function start() {
  const main = document.getElementById("report");
  const packed = document.getElementById("kaiku-data");
  if (!main || !packed) return;
  const report = await unpack(packed);
  document.documentElement.classList.add("scripted");
  const sections = new Map();
  const general = generalOf(report);
  for (const app of report.apps ?? []) {
    for (const about of app.sections ?? []) {
      const place = document.getElementById(`${app.app}-${about.id}`);
      if (!place) continue;
      const section = new Section(about, app, report);
      sections.set(place, section);
      arrange(place, section, general);
    }
  }
  for (const group of main.querySelectorAll("section[data-group]")) {
    const columns = element("div", {class: "sections"});
    columns.append(...group.querySelectorAll(":scope > section[data-section]"));
    group.append(columns);
  }
  let width = 0;
  const draw = (part, fixed) => {
    for (const [place, section] of sections) {
      if (!part.contains(place)) continue;
      for (const [index, chart] of (section.about.charts ?? []).entries()) {
        const into = place.querySelector(`.chart[data-chart="${index}"]`);
        if (into) show(into, section, chart, fixed ?? Math.max(240, into.clientWidth), `${place.id}-${index}`);
      }
    }
  };
  const apps = new Apps(main, report, (part) => draw(part));
  apps.begin();
  width = main.clientWidth;
  let waiting = 0;
  new ResizeObserver(() => {
    if (main.clientWidth === width || matchMedia("print").matches) return;
    width = main.clientWidth;
    clearTimeout(waiting);
    waiting = setTimeout(() => draw(apps.shown), 120);
  }).observe(main);
  addEventListener("beforeprint", () => draw(apps.shown, PRINTED));
  addEventListener("afterprint", () => draw(apps.shown));
  performance.mark("drawn");
  main.dataset.drawn = "yes";
}

/** Puts words to one side and charts to the other, and makes the table whole once it is opened. */
function arrange(place, section, general) {
  const words = element("div", {class: "words"});
  const shown = element("div", {class: "shown"});
  for (const child of [...place.children]) {
    (child.matches(".chart, details, .tile, .empty, .quote, table") ? shown : words).append(child);
  }
  place.append(words, shown);
  fold(words, general);
  if (section.about.tile && !place.querySelector(".tile")) shown.prepend(tile(section.about.tile));
  const details = place.querySelector("details.table");
  if (section.length === 0 || !details) return;
  details.before(element("p", {class: "tools"}, saveButton(section)));
  details.addEventListener("toggle", () => {
    if (details.open && !details.dataset.whole) {
      details.dataset.whole = "yes";
      fill(details, section);
    }
  });
  // What has no chart is its table.
  if ((section.about.charts ?? []).length === 0 && !section.about.tile) details.open = true;
}

const sentences = (text) => (text ?? "").split(/(?<=[.!?]) (?=\p{Lu})/u);

/** Sentences that many sections say, since each must: what an interval covers. */
function generalOf(report) {
  const times = new Map();
  for (const {sentence} of (report.apps ?? []).flatMap(({sections}) => sections ?? [])) {
    for (const one of new Set(sentences(sentence))) times.set(one, (times.get(one) ?? 0) + 1);
  }
  return new Set([...times].filter(([, count]) => count > 3 * report.apps.length).map(([one]) => one));
}

/** Puts what many sections say behind one line, so that what this one says is read. */
function fold(words, general) {
  const sentence = words.querySelector(".sentence");
  const all = sentences(sentence?.textContent);
  const isOwn = (one, index) => index === 0 || !general.has(one);
  const own = all.filter(isOwn);
  const rest = all.filter((one, index) => !isOwn(one, index));
  if (!sentence || rest.length === 0) return;
  sentence.textContent = own.join(" ");
  sentence.after(element("details", {class: "covers"}, element("summary", {}, "What these numbers cover"),
    element("p", {}, rest.join(" "))));
}

start().catch(() => {
  document.getElementById("report")?.prepend(element("p", {class: "nothing", role: "status"},
    "The charts could not be drawn by this browser. The tables below are complete without them, or shortened where they say so."));
});
