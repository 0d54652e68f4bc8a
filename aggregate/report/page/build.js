// Makes dist/ from src/: one script, one style, and the licences of what is in them. With --check it writes nothing and
// fails where dist/ is not what the sources give. Run it by ./build, which brings what it needs.

import {mkdir, readFile, writeFile} from "node:fs/promises";
import {createRequire} from "node:module";
import {dirname, join, relative} from "node:path";
import {fileURLToPath} from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = process.env.NODE_PATH;
const {build} = createRequire(join(modules, "package.json"))("esbuild");
const LARGEST = 300 * 1024;

const settings = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  write: false,
  charset: "utf8",
  legalComments: "none",
  logLevel: "error",
  nodePaths: [modules]
};
const script = await build({
  ...settings, entryPoints: ["src/main.js"], outfile: "dist/page.js", format: "iife", target: "es2022", metafile: true
});
const style = await build({...settings, entryPoints: ["src/page.css"], outfile: "dist/page.css", target: ["chrome111", "firefox121", "safari16.4"]});

/** The packages that are in the bundle, in the order of their names. */
function bundled(inputs) {
  const found = Object.keys(inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(found.filter(Boolean))].sort();
}

async function licences(names) {
  const parts = ["page.js holds parts of these packages. Each stands under its own licence.\n"];
  for (const name of names) {
    const about = JSON.parse(await readFile(join(modules, name, "package.json"), "utf8"));
    const text = await readFile(join(modules, name, "LICENSE"), "utf8");
    parts.push(`${"-".repeat(78)}\n${name} ${about.version} (${about.license})\n\n${text.trim()}\n`);
  }
  return parts.join("\n");
}

const [output] = Object.values(script.metafile.outputs);
const used = bundled(Object.fromEntries(Object.entries(output.inputs).filter(([, {bytesInOutput}]) => bytesInOutput > 0)));
const made = {
  "page.js": script.outputFiles[0].text,
  "page.css": style.outputFiles[0].text,
  LICENSES: await licences(used)
};

const size = Buffer.byteLength(made["page.js"]);
if (size > LARGEST) throw new Error(`page.js has ${size} bytes; it may have ${LARGEST}`);
if (/<\/script|<!--/i.test(made["page.js"])) throw new Error("page.js would end the script element that it stands in");
if (/<\/style/i.test(made["page.css"])) throw new Error("page.css would end the style element that it stands in");

const isCheck = process.argv.includes("--check");
await mkdir(join(here, "dist"), {recursive: true});
for (const [name, text] of Object.entries(made)) {
  const path = join(here, "dist", name);
  if (!isCheck) {
    await writeFile(path, text);
  } else if ((await readFile(path, "utf8").catch(() => "")) !== text) {
    console.error(`${relative(process.cwd(), path)} is not what the sources give: run aggregate/report/page/build`);
    process.exit(1);
  }
}
console.log(`page.js ${size} bytes, page.css ${Buffer.byteLength(made["page.css"])} bytes, ${used.length} packages`);
