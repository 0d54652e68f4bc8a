// One app at a time: chosen by a link, by the address or by the keyboard, and drawn when it is first shown.

import {element} from "./elements.js";

/** The parts of the report in a word, for narrow screens. */
const SHORT = {glance: "Glance", used: "Used", breaks: "Breaks", who: "Who", together: "Together", unseen: "Not shown"};

export class Apps {
  constructor(main, report, draw) {
    this.parts = [...main.querySelectorAll("section[data-app]")];
    this.links = [...document.querySelectorAll('#apps a[href^="#"]')];
    this.titles = new Map((report.apps ?? []).map(({app, title}) => [app, title || app]));
    this.draw = draw;
    this.page = document.title;
    this.said = element("p", {class: "unseen", role: "status"});
    this.contents = element("nav", {class: "contents", "aria-label": "Parts of the report"});
    this.shown = main;
  }

  begin() {
    if (this.parts.length === 0) return;
    document.body.append(this.said);
    this.stay();
    this.sayOnPaper();
    addEventListener("hashchange", () => this.follow());
    document.getElementById("apps")?.addEventListener("keydown", (event) => this.step(event));
    this.follow(true);
  }

  /** What stays on the screen, in one block: that data is synthetic, the app that is shown, the parts of it. */
  stay() {
    const header = document.querySelector("body > header");
    const top = element("div", {class: "top"});
    (header ?? this.parts[0].parentElement).before(top);
    const stays = [document.querySelector(".synthetic"), document.getElementById("apps"), this.contents];
    top.append(...stays.filter(Boolean));
    this.top = top;
    new ResizeObserver(() => this.keepClear()).observe(top);
  }

  /** Paper has the app that is shown: it says so, and how to get the others. */
  sayOnPaper() {
    if (this.parts.length < 2) return;
    const all = this.parts.map((part) => this.titles.get(part.dataset.app) ?? part.dataset.app).join(", ");
    for (const part of this.parts) {
      const title = this.titles.get(part.dataset.app) ?? part.dataset.app;
      const said = `This is ${title} alone, one of the ${this.parts.length} apps of this report: ${all}. To print another one, choose ` +
        `it at the top of the page and print again; kaiku report … --app ${part.dataset.app} makes a page of one app.`;
      part.querySelector(":scope > h2")?.after(element("p", {class: "paper note"}, said));
    }
  }

  /** What is scrolled to stands below that block. */
  keepClear() {
    document.documentElement.style.scrollPaddingTop = `${this.top.offsetHeight + 12}px`;
  }

  /** Shows the app that the address names: itself, or one of its sections. */
  follow(isFirst = false) {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const part = named?.closest("section[data-app]") ?? (isFirst ? this.parts[0] : null);
    if (!part) return;
    if (part !== this.shown) this.show(part, isFirst);
    if (named && named !== part) {
      this.keepClear();
      named.scrollIntoView();
    }
    else if (!isFirst) window.scrollTo(0, 0);
  }

  show(part, isFirst) {
    this.shown = part;
    for (const other of this.parts) other.hidden = other !== part;
    for (const link of this.links) {
      if (link.hash === `#${part.id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const title = this.titles.get(part.dataset.app) ?? part.dataset.app;
    document.title = `${title} – ${this.page}`;
    if (!isFirst) this.said.textContent = `${title} is shown`;
    this.list(part);
    this.draw(part);
  }

  /** The groups of the app that is shown. */
  list(part) {
    const groups = [...part.querySelectorAll("section[data-group]")];
    this.contents.replaceChildren(...groups.map((group) => {
      group.id ||= `${part.dataset.app}-group-${group.dataset.group}`;
      const name = group.dataset.group;
      const title = group.querySelector("h2")?.textContent ?? name;
      return element("a", {href: `#${group.id}`}, element("span", {class: "long"}, title),
        element("span", {class: "short"}, SHORT[name] ?? title));
    }));
  }

  step(event) {
    const by = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    const at = this.links.indexOf(document.activeElement);
    if (!by || at < 0) return;
    event.preventDefault();
    this.links[(at + by + this.links.length) % this.links.length].focus();
  }
}
