// Contrast of the colours in page.css: 4.5 to 1 for text, 3 to 1 for marks, in light, in dark and on paper.

import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {it} from "node:test";

const css = readFileSync(new URL("../../page/src/page.css", import.meta.url), "utf8");
const [light, dark, onPaper] = [...css.matchAll(/:root \{([^}]*--paper[^}]*)\}/g)].map(([, block]) =>
  Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value])));

// Dark is for screens alone, so paper has the light ones but for its own.
const paper = {...light, ...onPaper};

function luminance(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const TEXT = ["ink", "soft", "link", "gap"];
const MARKS = ["mark", "interval", "edge", "bar", "gap", "s1", "s2", "s3", "s4", "s5", "s6"];

for (const [name, colours] of Object.entries({light, dark, paper})) {
  it(`${name}: text has 4.5 to 1 and marks have 3 to 1`, () => {
    const least = (one, other, wanted) => {
      const has = contrast(colours[one], colours[other]);
      assert.ok(has >= wanted, `--${one} on --${other} has ${has.toFixed(2)} to 1`);
    };
    for (const text of TEXT) {
      least(text, "paper", 4.5);
      if (text !== "gap") least(text, "raised", 4.5);
    }
    least("on-banner", "banner", 4.5);
    for (const mark of MARKS) least(mark, "paper", 3);
    for (const step of [0, 1, 2, 3]) least("on-light", `h${step}`, 4.5);
    for (const step of [4, 5, 6]) least("on-dark", `h${step}`, 4.5);
    // An interval over a bar.
    least("ink", "bar", 3);
  });
}
