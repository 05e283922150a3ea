// The colour and the dashes of a node, the same in every view. Eight colours that
// people with any colour vision can tell apart; then the same with other dashes.

import { make } from "./dom.js";

export const colours = 8;
const dashes = [[], [6, 3], [2, 2], [8, 2, 2, 2], [12, 3], [4, 2, 1, 2],
                [1, 3], [10, 2, 2, 2, 2, 2]];

let themes = 0;

/** { index, colour (0-7), dash (lengths in px) } of a node. */
export function styleOf(model, name) {
  const index = model.styles.get(name) ?? 0;
  return { index, colour: index % colours,
           dash: dashes[Math.floor(index / colours) % dashes.length] };
}

/** The colours of the theme now, for canvases: a canvas knows no variables. */
export function readTheme() {
  const probe = make("span", { hidden: "" });
  document.body.append(probe);
  const value = name => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const theme = {
    number: ++themes,
    nodes: Array.from({ length: colours }, (_, i) => value(`--node-${i}`)),
    text: value("--text"), muted: value("--muted"), grid: value("--line"),
    mark: value("--applied"), band: value("--band"),
    panel: value("--panel"), font: getComputedStyle(document.body).fontFamily,
    rem: parseFloat(getComputedStyle(document.documentElement).fontSize),
  };
  probe.remove();
  return theme;
}
