// A number at a glance, with what it is compared with.

import {element} from "./elements.js";
import {sign as signOf} from "./format.js";

export function tile({value, unit, detail, change}) {
  const sign = change ? signOf(change.flag) : undefined;
  return element("div", {class: "tile"},
    element("p", {class: "value"}, element("strong", {}, value), unit ? ` ${unit}` : null),
    detail ? element("p", {class: "detail"}, detail) : null,
    change ? element("p", {class: sign ? "change flagged" : "change"},
      sign ? element("span", {class: "sign", "aria-hidden": "true"}, `${sign} `) : null, change.sentence) : null);
}
