// The table behind a chart: all rows from the packed data, sorted by the head of a column, and saved as CSV.

import {csv} from "./data.js";
import {element} from "./elements.js";
import {written} from "./format.js";

/** So many rows are put into the page at a time. */
const ROWS = 500;
const NUMBERS = new Set(["count", "rate"]);

/** Replaces the table that came with the page, which may be shortened, by the whole one. */
export function fill(details, section) {
  const table = element("table", {});
  const columns = section.shownColumns();
  const heads = columns.map(({column}, index) => {
    const button = element("button", {type: "button", onclick: () => sort(index)}, column.title || column.name,
      element("span", {class: "order", "aria-hidden": "true"}));
    return element("th", {scope: "col", class: kindOf(column)}, button);
  });
  const body = element("tbody");
  const more = element("button", {type: "button", class: "more", onclick: () => add()});
  let rows = section.rows();
  let shown = 0;

  const add = () => {
    const next = rows.slice(shown, shown + ROWS);
    body.append(...next.map((row) => line(section, columns, row)));
    shown += next.length;
    more.hidden = shown >= rows.length;
    more.textContent = `Show ${Math.min(ROWS, rows.length - shown)} more of ${rows.length} rows`;
  };
  const sort = (index) => {
    const head = heads[index];
    const isDown = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending"
      : NUMBERS.has(columns[index].column.kind);
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    rows = ordered(section, columns[index].column.name, isDown);
    shown = 0;
    body.replaceChildren();
    add();
  };

  table.append(element("caption", {class: "unseen"}, section.about.title), element("thead", {}, element("tr", {}, ...heads)), body);
  add();
  const frame = element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": `Table: ${section.about.title}`}, table);
  details.replaceChildren(details.querySelector("summary"), frame, more);
}

/** How a column is set: numbers to the right, names in one line. */
function kindOf({kind, name}) {
  if (NUMBERS.has(kind)) return "number";
  return name.endsWith("_title") ? "name" : kind;
}

function line(section, columns, row) {
  return element("tr", {}, ...columns.map(({column}, index) => {
    const value = section.value(row, column.name);
    const between = section.between(row, column.name);
    const kind = value === null ? `${kindOf(column)} none` : kindOf(column);
    const cell = [written(value, column), ...(between ? [" ", element("small", {}, between)] : [])];
    return index === 0 ? element("th", {scope: "row", class: kind}, ...cell) : element("td", {class: kind}, ...cell);
  }));
}

/** What is not shown stands last, whichever way the rest goes. */
function ordered(section, name, isDown) {
  const by = isDown ? -1 : 1;
  return section.rows().sort((a, b) => {
    const [one, other] = [section.value(a, name), section.value(b, name)];
    if (one === null || other === null) return (one === null) - (other === null);
    const order = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en");
    return by * order || a - b;
  });
}

/** A file out of the page, without a request: the browser saves what is in memory. */
export function saveButton(section) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([csv(section)], {type: "text/csv"}));
    const link = element("a", {href: url, download: `${section.app.app}-${section.about.id}.csv`});
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return element("button", {type: "button", class: "save", "aria-label": `CSV: ${section.about.title}`, onclick: save}, "CSV");
}
