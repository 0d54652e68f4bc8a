// A picture of the first screen of a report, and of its first charts: see ./picture.

import {statSync} from "node:fs";
import {resolve} from "node:path";

import {launch, open} from "../tests/browser/chromium.js";

const LARGEST = 250_000;
const [report, picture] = process.argv.slice(2).map((path) => resolve(path));
const browser = await launch();
try {
  const {page} = await open(browser, report);
  await page.setViewport({width: 1100, height: 960});
  await new Promise((done) => setTimeout(done, 500));
  await page.screenshot({path: picture, optimizeForSpeed: false});
} finally {
  await browser.close();
}
const size = statSync(picture).size;
if (size > LARGEST) throw new Error(`the picture has ${size} bytes; it may have ${LARGEST}`);
console.log(`${size} bytes`);
