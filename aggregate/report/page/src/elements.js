// Elements, made without markup: no text of the data is ever parsed as HTML.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

let canvas;

/** How wide a text of the charts is, in pixels. */
export function textWidth(text, size = 12) {
  canvas ??= document.createElement("canvas").getContext("2d");
  canvas.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return canvas.measureText(text).width;
}

/** A text that is no wider than so many pixels: what is too much is left out of its middle. */
export function shortened(text, width) {
  if (textWidth(text) <= width) return text;
  const letters = [...text];
  let [few, many] = [0, letters.length];
  const without = (kept) => `${letters.slice(0, Math.ceil(kept / 2)).join("")}…${letters.slice(letters.length - Math.floor(kept / 2)).join("")}`;
  while (few < many) {
    const half = Math.ceil((few + many) / 2);
    if (textWidth(without(half)) <= width) few = half;
    else many = half - 1;
  }
  return without(few);
}
