// The page in a real browser. Each test is run over every page of the folder KAIKU_REPORT_PAGES.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {existsSync, readdirSync, readFileSync, statSync} from "node:fs";
import {mkdtemp, rm} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, describe, it} from "node:test";

import {axeSource, launch, open, saved, wouldSave} from "./chromium.js";
import {crowded, drawn, walk} from "./inside.js";
import {numbersIn, packed, parseCsv, read, rowsOf, says, tableColumns} from "./packed.js";

const folder = process.env.KAIKU_REPORT_PAGES;
const pages = readdirSync(folder).filter((name) => name.endsWith(".html")).sort();
assert.ok(pages.length > 0, "there is a page to test");

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const filled = (app) => app.sections.filter((section) => (section.data[0]?.length ?? 0) > 0);
const valueOf = (chart) => ({trend: chart.y, share: chart.y, heat: chart.value, pairs: chart.value})[chart.kind] ?? chart.x;
const charts = (app) => app.sections.flatMap((section) => section.charts.map((chart, index) =>
  ({section, chart, id: `${app.app}-${section.id}-${index}`, rows: rowsOf(section)})))
  .filter(({chart, rows}) => rows.some((row) => (row[valueOf(chart)] ?? null) !== null));

/** Shows an app as a reader does, by its link. */
async function choose(page, app) {
  const link = await page.$(`#apps a[href="#app-${app}"]`);
  if (!link) return;
  await link.click();
  await page.waitForFunction((app) => !document.getElementById(`app-${app}`).hidden, {}, app);
}

for (const name of pages) {
  const file = join(folder, name);

  describe(name, () => {
    let report;
    let shown;
    let apps;
    before(async () => {
      report = await packed(file);
      // A long time is long enough with one app.
      apps = (report.days?.sealed ?? 0) > 200 ? report.apps.slice(0, 1) : report.apps;
      shown = await open(browser, file);
    });
    after(() => shown?.page.close());

    it("is drawn, and says how large it is and how long that took", async () => {
      const metrics = await shown.page.metrics();
      const drawnAt = await shown.page.evaluate(() => performance.getEntriesByName("drawn")[0].startTime);
      const session = await browser.target().createCDPSession();
      const {processInfo} = await session.send("SystemInfo.getProcessInfo");
      await session.detach();
      const own = processInfo.filter(({type}) => type === "renderer").map(({id}) => {
        const kept = readFileSync(`/proc/${id}/smaps_rollup`, "utf8").matchAll(/^Private_\w+:\s*(\d+) kB/gm);
        return [...kept].reduce((sum, [, kib]) => sum + Number(kib), 0) / 1024;
      });
      console.log(`${name}: ${Math.round(statSync(file).size / 1000)} KB, drawn after ${Math.round(drawnAt)} ms, heap ` +
        `${(metrics.JSHeapUsedSize / 1e6).toFixed(1)} MB, the renderer's own memory ${Math.max(...own).toFixed(0)} MiB`);
      assert.ok(drawnAt > 0);
    });

    it("has every section of its data, and a chart with marks or a sentence in each", async () => {
      for (const app of report.apps) {
        await choose(shown.page, app.app);
        for (const section of app.sections) {
          const found = await shown.page.evaluate((id) => {
            const place = document.getElementById(id);
            const marks = [...place.querySelectorAll(".chart")].map((chart) => chart.querySelectorAll("svg .mark *, svg path.mark").length);
            return {title: place.querySelector("h3").textContent, text: place.textContent, marks, nothing: place.querySelectorAll(".nothing").length};
          }, `${app.app}-${section.id}`);
          assert.equal(found.title, section.title);
          for (const sentence of (section.sentence ?? "").split(/(?<=[.!?]) (?=\p{Lu})/u)) {
            assert.ok(found.text.includes(sentence), `${section.id} says: ${sentence}`);
          }
          if (section.empty) assert.ok(found.text.includes(section.empty), `${section.id} says why it is empty`);
          assert.equal(found.marks.length, section.charts.length);
          const empty = found.marks.filter((count) => count === 0).length;
          assert.equal(empty, found.nothing, `${app.app} ${section.id}: a chart without a mark says so`);
        }
        const withMarks = await shown.page.$$eval(`#app-${app.app} figure`, (figures) => figures.length);
        assert.equal(withMarks, charts(app).length, `${app.app}: as many charts as have a value`);
      }
    });

    it("says in every point what the data says, and all that is shown has a point", async () => {
      for (const app of apps) {
        await choose(shown.page, app.app);
        for (const {section, chart, id, rows} of charts(app)) {
          const points = await shown.page.evaluate(walk, id);
          const seen = new Set();
          for (const {text, row} of points) {
            if (row === undefined) {
              assert.match(text, /withheld|not sealed|threshold|does not follow/, `${id}: a gap has its reason: ${text}`);
              continue;
            }
            assert.ok(!seen.has(row), `${id}: one point a row`);
            seen.add(row);
            if ((rows[row][valueOf(chart)] ?? null) === null) assert.match(text, /not zero/);
            const wanted = [valueOf(chart), ...(chart.also ?? [])].filter((name) => (rows[row][name] ?? null) !== null);
            for (const name of wanted) {
              const {column: {title, kind}, ends} = tableColumns(section).find(({column}) => column.name === name);
              const said = text.split(/; |: /).map((part) => part.trim()).filter((part) => part.startsWith(`${title} `)).map((part) => part.slice(title.length + 1));
              const values = [name, ...ends].map((one) => rows[row][one]);
              const isIt = (one) => numbersIn(one).length === values.length && numbersIn(one).every((number, index) => says(number, values[index], kind));
              assert.ok(said.some(isIt), `${id}: ${name} is ${values} in "${text}"`);
            }
            const flag = rows[row][chart.flag];
            if (flag) assert.match(text, new RegExp(`[▲▼+] ${flag}`), `${id}: a change is said`);
          }
          const all = rows.map((row, index) => ({row, index: String(index)}));
          if (chart.kind === "trend" || chart.kind === "share") {
            const series = new Set([...seen].map((row) => rows[row][chart.series]));
            const wanted = all.filter(({row}) => (row[chart.y] ?? null) !== null && (!chart.series || series.has(row[chart.series])));
            assert.deepEqual([...seen].sort(), wanted.map(({index}) => index).sort(), `${id}: all periods of the series`);
            const shown = new Set(rows.filter((row) => row[chart.y] !== null).map((row) => row[chart.series]));
            assert.equal(series.size, Math.min(chart.top ?? 6, shown.size), `${id}: all series, or the largest`);
          } else if (chart.kind !== "heat") {
            assert.equal(seen.size, Math.min(rows.length, chart.kind === "pairs" ? 20 : 30), `${id}: all rows, or the first`);
          }
        }
      }
    });

    it("draws what is little known hollow, and a sign and a word at what has changed", async () => {
      for (const app of apps) {
        await choose(shown.page, app.app);
        for (const {section, chart, id, rows} of charts(app).filter(({chart}) => chart.kind === "dots")) {
          const drawn = (await shown.page.evaluate(walk, id)).filter(({row}) => row !== undefined).map(({row}) => rows[row]);
          const isWide = (row) => row[chart.x] !== null && row[chart.upper] - row[chart.lower] > row[chart.x];
          const seen = await shown.page.$eval(`figure[aria-labelledby="${id}"]`, (figure) => ({
            hollow: [...figure.querySelectorAll(".mark circle")].filter((dot) => getComputedStyle(dot).stroke !== "none").length,
            words: [...figure.querySelectorAll("svg text")].map((text) => text.textContent),
            note: figure.querySelector(".note")?.textContent ?? ""
          }));
          assert.equal(seen.hollow, drawn.filter(isWide).length, `${id}: hollow dots`);
          const has = section.columns.some(({name}) => name === chart.flag);
          for (const flag of has ? new Set(drawn.map((row) => row[chart.flag]).filter(Boolean)) : []) {
            const wanted = drawn.filter((row) => row[chart.flag] === flag).length;
            assert.equal(seen.words.filter((text) => new RegExp(`[▲▼+] ${flag}$`).test(text)).length, wanted, `${id}: ${flag}`);
            assert.ok(seen.note.includes(flag), `${id}: ${seen.note}`);
          }
        }
      }
    });

    it("names every release that an axis of time is marked with, in the chart or below it", async () => {
      for (const screen of ["desk", "phone"]) {
        const {page} = await open(browser, file, {screen});
        for (const app of apps) {
          await choose(page, app.app);
          for (const {chart, id, rows} of charts(app).filter(({chart}) => chart.kind === "trend" || chart.kind === "share")) {
            const periods = [...rows.map((row) => row[chart.x]), (chart.x === "week" ? report.weeks : report.days)?.last ?? ""].filter(Boolean).sort();
            const within = (report.releases[app.app] ?? []).filter(({since}) => since && since >= periods[0] && since <= periods.at(-1));
            const said = await page.$eval(`figure[aria-labelledby="${id}"]`, (figure) => [...figure.querySelectorAll("svg text, .note")].map((text) => text.textContent).join(" "));
            for (const {release} of within) assert.ok(said.includes(release), `${screen}: ${id} names ${release}`);
          }
        }
        await page.close();
      }
    });

    it("draws its marks where the data says", async () => {
      for (const app of apps) {
        await choose(shown.page, app.app);
        for (const {chart, id, rows} of charts(app)) {
          const values = await shown.page.evaluate(drawn, id);
          if (chart.kind === "heat") {
            assert.ok(values.length > 0);
            continue;
          }
          const points = (await shown.page.evaluate(walk, id)).filter(({row}) => row !== undefined).map(({row}) => rows[row][valueOf(chart)]).filter((value) => value !== null);
          const [sorted, wanted] = [values, points].map((list) => [...list].sort((a, b) => a - b));
          assert.equal(sorted.length, wanted.length, `${id}: as many marks as values`);
          const near = (Math.max(...wanted) - Math.min(...wanted, 0)) * 0.004;
          sorted.forEach((value, index) => assert.ok(Math.abs(value - wanted[index]) <= near, `${id}: ${value} is drawn for ${wanted[index]}`));
        }
      }
    });

    it("has the same numbers in its tables, whole and sorted by the keyboard", async () => {
      const {page} = shown;
      for (const app of apps) {
        await choose(page, app.app);
        for (const section of filled(app)) {
          const id = `#${app.app}-${section.id}`;
          const details = await page.$(`${id} details.table`);
          assert.ok(details, `${id} has a table`);
          if (!(await details.evaluate((element) => element.open))) {
            await page.focus(`${id} details.table summary`);
            await page.keyboard.press("Enter");
          }
          await page.waitForSelector(`${id} thead button`);
          const table = () => page.$eval(id, (place) => {
            for (let more = place.querySelector(".more"); more && !more.hidden;) more.click();
            return [...place.querySelectorAll("tbody tr")].map((line) => [...line.children].map((cell) => cell.textContent));
          });
          const before = await table();
          assert.equal(before.length, section.data[0].length, `${id}: all rows`);
          const columns = tableColumns(section);
          const rows = rowsOf(section);
          columns.forEach(({column: {kind, name}, ends}, index) => before.forEach((line, row) => {
            const value = rows[row][name];
            if (kind === "count" || kind === "rate") {
              const values = [name, ...(value === null ? [] : ends)].map((one) => rows[row][one]);
              const said = numbersIn(line[index]);
              assert.ok(said.length === values.length && said.every((one, at) => says(one, values[at], kind)), `${id}: ${name} of row ${row} is ${values}, not ${line[index]}`);
            } else if (kind === "name" || kind === "text") {
              const written = kind === "name" && /^(unlisted|ZZ)$/.test(value) ? "not listed" : value;
              assert.ok(typeof value === "number" || line[index] === (written ?? (kind === "text" ? "" : "not shown")), `${id}: ${name} of row ${row}`);
            }
          }));
          const number = columns.findIndex(({column: {kind}}) => kind === "count" || kind === "rate");
          if (number < 0 || app !== apps[0]) continue;
          for (const order of ["descending", "ascending"]) {
            await page.focus(`${id} thead th:nth-child(${number + 1}) button`);
            await page.keyboard.press("Enter");
            assert.equal(await page.$eval(`${id} thead th:nth-child(${number + 1})`, (head) => head.ariaSort), order);
            const values = (await table()).map((line) => read(numbersIn(line[number])[0]));
            const known = values.filter((value) => value !== null);
            assert.deepEqual(values.slice(known.length), values.slice(known.length).fill(null), `${id}: what is not shown is last`);
            const sorted = [...known].sort((a, b) => (order === "ascending" ? a - b : b - a));
            assert.deepEqual(known, sorted, `${id} is ${order}`);
          }
          await details.evaluate((element) => {
            element.open = false;
          });
        }
      }
    });

    it("saves every section as CSV with the same numbers, without a request", async () => {
      let real = 3;
      for (const app of apps) {
        await choose(shown.page, app.app);
        for (const section of filled(app)) {
          const button = `#${app.app}-${section.id} .save`;
          const file = real > 0 ? await saved(shown.page, async () => {
            await shown.page.focus(button);
            await shown.page.keyboard.press("Enter");
          }) : await wouldSave(shown.page, button);
          real -= 1;
          assert.equal(file.name, `${app.app}-${section.id}.csv`);
          const command = join(folder, name.replace(".html", ""), file.name);
          if (existsSync(command)) assert.equal(file.text, readFileSync(command, "utf8"), `${file.name} is what the command writes`);
          const [head, ...lines] = parseCsv(file.text);
          assert.deepEqual(head, ["app", "synthetic", "manifest", ...section.columns.map(({name}) => name)]);
          const same = [app.app, String(report.synthetic), report.manifest?.hash ?? ""];
          const wanted = section.data[0].map((_, row) => [...same, ...section.data.map((column) => String(column[row] ?? ""))]);
          assert.deepEqual(lines, wanted);
        }
      }
    });

    it("changes the app by mouse, by keyboard and by the address", async () => {
      const {page} = shown;
      const visible = () => page.$$eval("section[data-app]", (parts) => parts.filter((part) => !part.hidden).map((part) => part.dataset.app));
      const current = () => page.$$eval("#apps a[aria-current]", (links) => links.map((link) => link.hash));
      for (const {app} of report.apps) {
        await choose(page, app);
        assert.deepEqual(await visible(), [app]);
        if (report.apps.length > 1) assert.deepEqual(await current(), [`#app-${app}`]);
      }
      if (report.apps.length < 2) return;
      await page.focus("#apps a");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
      await page.waitForFunction((app) => !document.getElementById(`app-${app}`).hidden, {}, report.apps[1].app);
      assert.deepEqual(await visible(), [report.apps[1].app]);
      const last = report.apps.at(-1);
      const named = await open(browser, file, {hash: `#${last.app}-${last.sections.at(-1).id}`});
      const parts = await named.page.$$eval("section[data-app]", (all) => all.filter((part) => !part.hidden).map((part) => part.dataset.app));
      assert.deepEqual(parts, [last.app]);
      await named.page.close();
    });

    it("reaches points by real keys, and shows and hides what they say", async () => {
      const {page} = shown;
      for (const {section, chart, id} of charts(report.apps[0] ?? {sections: []}).filter(({chart}, index, all) => all.findIndex((one) => one.chart.kind === chart.kind) === index)) {
        await choose(page, report.apps[0].app);
        const keys = `figure[aria-labelledby="${id}"] .keys`;
        const about = await page.$eval(keys, (element) => ({role: element.role, label: element.ariaLabel, most: Number(element.ariaValueMax)}));
        assert.equal(about.role, "slider");
        assert.ok(about.label.includes(chart.caption ?? section.title));
        await page.focus(keys);
        await page.keyboard.press("Home");
        const first = await page.$eval(keys, (element) => element.ariaValueText);
        const tip = `figure[aria-labelledby="${id}"] .tip`;
        assert.ok(!(await page.$eval(tip, (element) => element.hidden)));
        await page.keyboard.press("ArrowRight");
        const next = await page.$eval(keys, (element) => element.ariaValueText);
        if (about.most > 1) assert.notEqual(next, first);
        const box = await page.$eval(tip, (element) => element.getBoundingClientRect().toJSON());
        assert.ok(box.left >= 0 && box.right <= 1200, "what a point says is on the screen");
        await page.keyboard.press("Escape");
        assert.ok(await page.$eval(tip, (element) => element.hidden));
      }
    });

    it("has no text that is cut or lies on other text, on a desk and on a phone", async () => {
      for (const screen of ["desk", "phone"]) {
        const {page, complaints} = await open(browser, file, {screen});
        for (const {app} of apps) {
          await choose(page, app);
          assert.deepEqual(await page.evaluate(crowded), [], screen);
          const hidden = await page.$eval(".contents", (contents) => contents.scrollWidth - contents.clientWidth);
          const lines = await page.$$eval(".contents a", (links) => new Set(links.map((link) => link.offsetTop)).size);
          assert.ok(hidden <= 0 && lines === 1, `${screen}: the parts stand in ${lines} lines, ${hidden} pixels of them out of sight`);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.ok(wide <= 0, `${screen}: ${wide} pixels wider than the screen`);
        }
        assert.deepEqual(complaints, []);
        await page.close();
      }
    });

    it("has nothing serious for axe, in light, dark and on a phone", async () => {
      const source = await axeSource();
      for (const [screen, scheme] of [["desk", "light"], ["desk", "dark"], ["phone", "light"]].slice(0, apps.length === report.apps.length ? 3 : 1)) {
        const {page} = await open(browser, file, {screen, scheme});
        await page.$$eval("section:not([hidden]) details", (all) => all.slice(0, 4).forEach((details) => {
          details.open = true;
        }));
        await page.evaluate(source);
        const {violations} = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ["violations"]}));
        const serious = violations.filter(({impact}) => impact === "serious" || impact === "critical");
        const said = serious.map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(({html, failureSummary}) => `${html.slice(0, 160)} ${failureSummary}`).join(" | ")}`);
        assert.deepEqual(said, [], `${screen} ${scheme}`);
        await page.close();
      }
    });

    it("is whole without a script: every app, every table", async () => {
      const {page} = await open(browser, file, {isScripted: false});
      const text = await page.$eval("main", (main) => main.innerText);
      const tables = await page.$$eval("details.table table", (all) => all.length);
      assert.equal(tables, report.apps.flatMap(filled).length);
      for (const section of report.apps.flatMap(({sections}) => sections)) assert.ok(text.includes(section.title));
      await page.close();
    });

    it("prints on A4 and on Letter in at most 20 sheets, each of which says that data is synthetic", async () => {
      const sheets = await mkdtemp(join(tmpdir(), "kaiku-sheets-"));
      const {page} = await open(browser, file, {scheme: "dark"});
      for (const {app} of report.apps.length > 0 ? report.apps : [{app: null}]) {
        if (app) await choose(page, app);
        for (const format of app === report.apps[0]?.app ? ["A4", "Letter"] : ["Letter"]) {
          const path = join(sheets, `${format}.pdf`);
          await page.pdf({path, format});
          const text = execFileSync("pdftotext", [path, "-"], {encoding: "utf8"}).split("\f").slice(0, -1);
          console.log(`${name}: ${app} on ${format} has ${text.length} sheets`);
          assert.ok(text.length <= 20, `${format}: ${text.length} sheets`);
          if (report.synthetic) text.forEach((sheet, index) => assert.match(sheet, /synthetic/i, `${format}, sheet ${index + 1}`));
          const words = text.join(" ").replace(/\s+/g, "");
          // Who reads the paper knows that there are other apps, and how to get them.
          for (const {title} of report.apps.length > 1 ? report.apps : []) {
            assert.ok(words.includes(title.replace(/\s+/g, "")) && words.includes("printagain"), `${format}: how to get ${title}`);
          }
          for (const section of report.apps.find((one) => one.app === app)?.sections ?? []) {
            for (const {caption} of section.charts) {
              assert.ok(words.includes(caption.replace(/\s+/g, "")), `${format}: ${section.id} is printed`);
            }
          }
        }
      }
      await page.close();
      await rm(sheets, {recursive: true});
    });

    it("has complained about nothing, and asked for nothing", () => {
      assert.deepEqual(shown.complaints, []);
    });
  });
}
