// Pages of made-up documents, written into a folder: node pages.js FOLDER.

import {writeFile} from "node:fs/promises";
import {join} from "node:path";

import {sample} from "./document.js";
import {frame} from "./frame.js";

const dist = new URL("../../page/dist/", import.meta.url);
const documents = {
  "ninety-days": sample(),
  "one-day": sample({days: 1, apps: ["maps"], isSynthetic: false}),
  "four-hundred-days": sample({days: 400, apps: ["maps"]}),
  nothing: {...sample({days: 1}), apps: []}
};
for (const [name, report] of Object.entries(documents)) {
  await writeFile(join(process.argv[2], `${name}.html`), await frame(report, dist));
}
