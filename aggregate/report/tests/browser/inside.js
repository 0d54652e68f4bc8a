// What is asked of the page from inside: its points, its marks, and text that is cut or lies on other text.

/** All points of a chart, by the arrow keys, with the row that each is of. */
export function walk(id) {
  const keys = document.querySelector(`figure[aria-labelledby="${id}"] .keys`);
  const points = [];
  const press = (key) => keys.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
  press("Home");
  for (;;) {
    points.push({at: Number(keys.getAttribute("aria-valuenow")), text: keys.getAttribute("aria-valuetext"), row: keys.dataset.row});
    if (keys.getAttribute("aria-valuenow") === keys.getAttribute("aria-valuemax")) break;
    press("ArrowRight");
  }
  press("Escape");
  return points;
}

/** The values that the marks of a chart stand at, by the scales that drew them. */
export function drawn(id) {
  const figure = document.querySelector(`figure[aria-labelledby="${id}"]`);
  const values = [];
  for (const svg of figure.querySelectorAll("svg")) {
    const of = (scale) => (pixels) => {
      const {domain, range} = svg.scale(scale);
      return Number(domain[0]) + ((pixels - range[0]) / (range[1] - range[0])) * (domain[1] - domain[0]);
    };
    const kind = figure.dataset.kind;
    if (kind === "dots" || kind === "pairs") {
      for (const dot of svg.querySelectorAll(".mark circle")) values.push(of("x")(Number(dot.getAttribute("cx"))));
    } else if (kind === "bars") {
      for (const bar of svg.querySelectorAll(".mark rect")) {
        values.push(of("x")(Number(bar.getAttribute("x")) + Number(bar.getAttribute("width"))));
      }
    } else if (kind === "heat") {
      for (const cell of svg.querySelectorAll(".mark rect")) values.push(cell.getAttribute("fill"));
    } else {
      for (const path of svg.querySelectorAll("path.mark, .mark path")) {
        const pairs = [...(path.getAttribute("d") ?? "").matchAll(/[ML]?(-?[\d.]+),(-?[\d.]+)/g)];
        if (path.closest(".mark").getAttribute("aria-label") !== "line") continue;
        for (const [, , y] of pairs) values.push(of("y")(Number(y)));
      }
    }
  }
  return values;
}

/** Text of charts that leaves the screen, or lies on other text of its chart. */
export function crowded() {
  const found = [];
  const width = document.documentElement.clientWidth;
  for (const svg of document.querySelectorAll("section:not([hidden]) figure svg")) {
    if (svg.getBoundingClientRect().width === 0) continue;
    const figure = svg.closest("figure").getAttribute("aria-labelledby");
    const boxes = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim()).map((text) => ({text: text.textContent, box: text.getBoundingClientRect()}));
    boxes.forEach(({text, box}, index) => {
      if (box.left < -0.5 || box.right > width + 0.5) found.push(`${figure}: "${text}" leaves the screen`);
      for (const other of boxes.slice(index + 1)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (across > 1.5 && down > 4) found.push(`${figure}: "${text}" lies on "${other.text}"`);
      }
    });
  }
  return found;
}
