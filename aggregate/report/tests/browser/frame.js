// The frame of the page as the report makes it, in short: for tests of documents that the report would never make.

import {readFile} from "node:fs/promises";
import {createHash} from "node:crypto";
import {deflateSync} from "node:zlib";

const GROUPS = {glance: "At a glance", used: "What is used", breaks: "What breaks", who: "Who uses it", together: "Used together", unseen: "What is not shown, and why"};
const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

export async function frame(report, dist) {
  const [script, style] = await Promise.all(["page.js", "page.css"].map((name) => readFile(new URL(name, dist), "utf8")));
  const packed = deflateSync(JSON.stringify(report)).toString("base64");
  const apps = report.apps.map((app) => `<section data-app="${escape(app.app)}" id="app-${escape(app.app)}"><h2 class="app">${escape(app.title)}</h2>${groups(app)}</section>`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'">
<title>Report</title><style>${style}</style></head><body>${report.synthetic ? `<p class="synthetic">Synthetic data: no device of a person is in it.</p>` : ""}
<header><h1>${escape(report.program.title)}</h1><p>${escape(report.days.first)} to ${escape(report.days.last)}</p></header>
<nav id="apps" aria-label="Apps">${report.apps.map((app) => `<a href="#app-${escape(app.app)}">${escape(app.title)}</a>`).join("")}</nav>
<main id="report">${apps.join("")}</main><footer><p>Manifest <code>${escape(report.manifest.hash)}</code></p></footer>
<script type="application/octet-stream" id="kaiku-data">${packed}</script><script>${script}</script></body></html>`;
}

function groups(app) {
  return Object.entries(GROUPS).map(([group, title]) => {
    const inside = app.sections.filter((section) => section.group === group);
    return inside.length ? `<section data-group="${group}"><h2>${title}</h2>${inside.map((section) => one(app, section)).join("")}</section>` : "";
  }).join("");
}

function one(app, section) {
  const head = section.columns.map(({title}) => `<th scope="col">${escape(title)}</th>`).join("");
  const rows = (section.data[0] ?? []).slice(0, 20).map((_, row) => `<tr>${section.data.map((column) => `<td>${escape(column[row] ?? "not shown")}</td>`).join("")}</tr>`);
  return `<section data-section="${section.id}" id="${app.app}-${section.id}"><h3>${escape(section.title)}</h3><p class="sentence">${escape(section.sentence)}</p>
${section.empty ? `<p class="empty">${escape(section.empty)}</p>` : ""}${section.charts.map((_, index) => `<div class="chart" data-chart="${index}"></div>`).join("")}
${rows.length ? `<details class="table"><summary>Table</summary><table><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></details>` : ""}</section>`;
}
