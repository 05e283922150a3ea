// A short line in the colour and the dashes of a node.

import { attribute, makeSvg } from "./dom.js";

export function swatch() {
  const line = makeSvg("path", { d: "M1 5H23" });
  const root = makeSvg("svg", { class: "swatch", viewBox: "0 0 24 10",
                                "aria-hidden": "true" }, line);
  return {
    root,
    update({ colour, dash }) {
      attribute(line, "class", `c${colour}`);
      attribute(line, "stroke-dasharray", dash.length ? dash.join(" ") : null);
    },
  };
}
