// A headless Chromium with one page open, and everything that it complained about or asked for.

import {createRequire} from "node:module";
import {mkdtemp, readFile, readdir, rm} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

const modules = createRequire(join(process.env.KAIKU_PAGE_MODULES, "package.json"));
const puppeteer = modules("puppeteer-core");
const program = process.env.KAIKU_CHROMIUM;

export const axeSource = () => readFile(modules.resolve("axe-core/axe.min.js"), "utf8");

const FLAGS = ["--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"];

export async function launch() {
  const isRoot = process.getuid?.() === 0;
  return puppeteer.launch({executablePath: program, args: isRoot ? [...FLAGS, "--no-sandbox"] : FLAGS, protocolTimeout: 300_000});
}

export const SCREENS = {
  desk: {width: 1200, height: 900},
  phone: {width: 360, height: 740, isMobile: true, hasTouch: true}
};

/** Opens a file and waits until it is drawn. */
export async function open(browser, file, {screen = "desk", scheme = "light", hash = "", isScripted = true} = {}) {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  const complaints = [];
  const address = pathToFileURL(file).href;
  page.on("console", (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (url.split("#")[0] !== address && !url.startsWith("blob:")) complaints.push(`request: ${url}`);
  });
  await page.evaluateOnNewDocument(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.sample}`));
  });
  await page.setJavaScriptEnabled(isScripted);
  await page.setViewport(SCREENS[screen]);
  await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: scheme}]);
  const begin = performance.now();
  await page.goto(address + hash, {waitUntil: "load"});
  if (isScripted) await page.waitForSelector("main[data-drawn]", {timeout: 60_000});
  return {page, complaints, took: performance.now() - begin};
}

/** The same without the browser's hand in it, which asks its user after ten files of one page. */
export async function wouldSave(page, selector) {
  return page.evaluate(async (selector) => {
    const [make, click] = [URL.createObjectURL, HTMLAnchorElement.prototype.click];
    const made = {};
    URL.createObjectURL = (blob) => {
      made.blob = blob;
      return make.call(URL, blob);
    };
    HTMLAnchorElement.prototype.click = function () {
      made.name = this.download;
    };
    try {
      document.querySelector(selector).click();
    } finally {
      URL.createObjectURL = make;
      HTMLAnchorElement.prototype.click = click;
    }
    return {name: made.name, text: await made.blob.text()};
  }, selector);
}

/** The text of the file that `act` makes the page save. */
export async function saved(page, act) {
  const folder = await mkdtemp(join(tmpdir(), "kaiku-page-"));
  const session = await page.browser().target().createCDPSession();
  let late;
  try {
    await session.send("Browser.setDownloadBehavior", {behavior: "allow", downloadPath: folder, eventsEnabled: true});
    const done = new Promise((resolve) => {
      session.on("Browser.downloadProgress", ({state}) => state !== "inProgress" && resolve(state));
    });
    await act();
    const state = await Promise.race([done, new Promise((resolve) => {
      late = setTimeout(resolve, 60_000, "late");
    })]);
    if (state !== "completed") throw new Error(`the download is ${state}`);
    const [name] = await readdir(folder);
    return {name, text: await readFile(join(folder, name), "utf8")};
  } finally {
    clearTimeout(late);
    await session.detach();
    await rm(folder, {recursive: true});
  }
}
