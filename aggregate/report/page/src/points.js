// The points of a chart: reached by the pointer, by touch and by the keyboard, and read by a screen reader.

import {element} from "./elements.js";

const STEPS = {ArrowRight: 1, ArrowLeft: -1, PageDown: 7, PageUp: -7};
const REACH = 60;

/**
 * Lays one element over a chart that has the focus for all of its points. It is a slider for those who hear it: the one
 * widget whose arrow keys every screen reader passes on, and whose text is read out when it changes. Thousands of
 * elements, one a point, would have to be kept instead.
 */
export function overPoints(figure, stage, points, caption) {
  const ring = element("span", {class: "ring", hidden: true});
  const tip = element("span", {class: "tip", hidden: true, "aria-hidden": "true"});
  const keys = element("span", {
    class: "keys", tabindex: "0", role: "slider", "aria-orientation": "horizontal",
    "aria-label": `Points of the chart: ${caption}`, "aria-valuemin": "1", "aria-valuemax": String(points.length),
    "aria-roledescription": "points, by arrow keys"
  });
  stage.append(keys, ring, tip);
  let at = -1;

  const place = ({svg, x, y}) => {
    const outer = stage.getBoundingClientRect();
    const inner = svg.getBoundingClientRect();
    const scale = inner.width / svg.width.baseVal.value || 1;
    return [inner.left - outer.left + x * scale, inner.top - outer.top + y * scale];
  };
  const say = (index) => {
    keys.setAttribute("aria-valuenow", String(index + 1));
    keys.setAttribute("aria-valuetext", `${points[index].title}: ${points[index].text}`);
    if (points[index].row === undefined) delete keys.dataset.row;
    else keys.dataset.row = points[index].row;
  };
  const show = (index) => {
    at = index;
    say(index);
    const {title, text} = points[index];
    const [x, y] = place(points[index]);
    tip.replaceChildren(element("strong", {}, title), ...text.split("; ").map((line) => element("span", {}, line)));
    tip.hidden = ring.hidden = false;
    ring.style.transform = `translate(${x - 8}px, ${y - 8}px)`;
    const left = Math.max(0, Math.min(x - tip.offsetWidth / 2, stage.clientWidth - tip.offsetWidth));
    const top = y - tip.offsetHeight - 14;
    const outer = stage.getBoundingClientRect();
    const isAbove = outer.top + top > 96;
    tip.style.transform = `translate(${left}px, ${isAbove ? top : y + 14}px)`;
  };
  const hide = () => {
    tip.hidden = ring.hidden = true;
  };
  const nearest = (event) => {
    const outer = stage.getBoundingClientRect();
    const [px, py] = [event.clientX - outer.left, event.clientY - outer.top];
    let best = -1;
    let least = REACH ** 2;
    points.forEach((point, index) => {
      const [x, y] = place(point);
      const away = (x - px) ** 2 + ((y - py) * 1.5) ** 2;
      if (away < least) [best, least] = [index, away];
    });
    return best;
  };
  const point = (event) => {
    const index = nearest(event);
    if (index >= 0) show(index);
    else if (document.activeElement !== keys) hide();
  };

  say(0);
  keys.addEventListener("focus", () => {
    if (keys.matches(":focus-visible")) show(Math.max(at, 0));
  });
  keys.addEventListener("blur", hide);
  keys.addEventListener("keydown", (event) => {
    const next = step(points, Math.max(at, 0), event.key);
    if (event.key === "Escape") hide();
    else if (next !== null) {
      event.preventDefault();
      show(next);
    }
  });
  stage.addEventListener("pointermove", point);
  stage.addEventListener("pointerdown", point);
  stage.addEventListener("pointerleave", () => {
    if (document.activeElement !== keys) hide();
  });
  figure.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
}

/** To the side goes through all points; up and down go to the next group, or the next point where there is one group. */
export function step(points, at, key) {
  const last = points.length - 1;
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key in STEPS) return Math.max(0, Math.min(last, at + STEPS[key]));
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  const by = key === "ArrowDown" ? 1 : -1;
  const from = points[at];
  const groups = [...new Set(points.map(({group}) => group))];
  if (groups.length === 1) return Math.max(0, Math.min(last, at + by));
  const group = groups[groups.indexOf(from.group) + by];
  if (group === undefined) return at;
  const near = points.map((point, index) => ({index, point})).filter(({point}) => point.group === group);
  return near.reduce((a, b) => (Math.abs(b.point.x - from.x) < Math.abs(a.point.x - from.x) ? b : a)).index;
}
