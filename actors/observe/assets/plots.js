// The four plots: one legend, one axis of time, one cross for all of them, and the
// same figures as text.

import { Pool, arrange, attribute, make, text } from "./dom.js";
import { byName, bytes, clock, known, latency, listed, percent, short }
  from "./format.js";
import { choicePauseMs, describePauseMs, fewNodesMax, historySpanMs,
         linesDrawnMax } from "./limits.js";
import { readTheme, styleOf } from "./palette.js";
import { Plot } from "./plot.js";
import { swatch } from "./swatch.js";

function plotsOf(model) {
  return [
    new Plot("Rate", [
      { id: "msgs_ps", name: "messages/s", format: short, whole: 10 },
      { id: "requests_ps", name: "requests/s", format: short, whole: 10 },
      { id: "in_bps", name: "bytes in/s", format: bytes, whole: 1000 },
      { id: "out_bps", name: "bytes out/s", format: bytes, whole: 1000 },
    ], model),
    new Plot("Queued", [
      { id: "queued_messages", name: "messages", format: short, whole: 10,
        mark: x => x.marks.queued_messages, pressed: true },
      { id: "queued_bytes", name: "bytes", format: bytes, whole: 1000,
        mark: x => x.marks.queued_bytes, pressed: true },
    ], model),
    new Plot("Loop busy",
             [{ id: "loop_busy", name: "", format: percent, top: 1 }], model),
    new Plot("Requests, p99",
             [{ id: "p99_us", name: "", format: latency, whole: 1000 }], model),
  ];
}

export class Plots {
  constructor(root, parts, model) {
    this.root = root;
    Object.assign(this, parts);          // grid, legend, note, details
    this.model = model;
    this.selection = null;
    this.picked = new Set();             // by the viewer; empty: by us
    this.chosen = [];                    // by us
    this.chosenAt = -Infinity;
    this.describedAt = -Infinity;
    this.crossTime = null;
    this.onChange = () => {};
    this.plots = plotsOf(model);
    this.entries = new Pool(() => this.#entry());
    this.textRows = new Pool(() => new TextRow());
    this.grid.append(...this.plots.map(x => x.root));
    for (const plot of this.plots)
      this.#listen(plot);
    this.theme = null;
    document.addEventListener("theme", () => {
      this.theme = null;
      this.onChange();
    });
    this.details.addEventListener("toggle", () => this.onChange());
    this.details.querySelector("thead").append(make("tr", {},
      ...["Node", "messages/s", "highest", "queued", "highest", "loop busy",
          "highest", "p99", "highest"]
        .map(x => make("th", { scope: "col" }, x))));
  }

  // -- the cross ----------------------------------------------------------------

  #listen(plot) {
    plot.onResize = () => {
      this.theme = null;
      this.onChange();
    };
    plot.onFigure = () => {
      this.describedAt = -Infinity;
      this.onChange();
    };
    const { box, canvas } = plot;
    box.addEventListener("pointermove", event => {
      if (!plot.area)
        return;
      const x = event.clientX - box.getBoundingClientRect().left;
      this.#crossAt(plot.from + (x - plot.area.left) / plot.area.width
                    * historySpanMs);
    });
    box.addEventListener("pointerleave", () => this.#crossAt(null));
    canvas.addEventListener("blur", () => this.#crossAt(null));
    canvas.addEventListener("keydown", event => {
      const { history } = this.model;
      const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20,
                   Home: -history.count, End: history.count }[event.key];
      if (event.key === "Escape")
        this.#crossAt(null);
      if (!by || !history.count)
        return;
      event.preventDefault();
      const at = this.#slotNumber() ?? history.count - (by < 0 ? 0 : 1);
      const next = Math.max(0, Math.min(history.count - 1, at + by));
      this.#crossAt(history.times[history.slot(next)]);
      this.#describe(performance.now(), next);
    });
  }

  #crossAt(time) {
    if (this.crossTime === null && time === null)
      return;
    this.crossTime = time;
    this.onChange();
  }

  // The frame nearest to the cross.
  #slotNumber() {
    const { history } = this.model;
    let best = null, distance = Infinity;
    for (let i = 0; i < history.count && this.crossTime !== null; ++i) {
      const far = Math.abs(history.times[history.slot(i)] - this.crossTime);
      if (far < distance) {
        best = i;
        distance = far;
      }
    }
    return best;
  }

  // -- the legend ---------------------------------------------------------------

  #entry() {
    const mark = swatch();
    const name = make("span");
    const button = make("button", { type: "button", class: "entry" },
                        mark.root, name);
    button.addEventListener("click", () => {
      const chosen = button.dataset.name;
      if (!this.picked.delete(chosen))
        this.picked.add(chosen);
      this.chosenAt = -Infinity;
      this.onChange();
    });
    return { root: button, mark, name };
  }

  #drawLegend(names, lines) {
    const drawn = new Set(lines);
    const buttons = this.entries.match(names, x => x, (entry, name) => {
      entry.mark.update(styleOf(this.model, name));
      text(entry.name, name);
      attribute(entry.root, "data-name", name);
      attribute(entry.root, "aria-pressed",
                this.picked.has(name) ? "true" : "false");
      attribute(entry.root, "class",
                drawn.has(name) ? "entry drawn" : "entry");
    }).map(x => x.root);
    arrange(this.legend, buttons);
  }

  // With many nodes, a few have lines of their own: those picked, or those that
  // are pressed, and then the fullest. The choice stays for some seconds.
  #lines(names, at) {
    for (const name of this.picked)
      if (!names.includes(name))
        this.picked.delete(name);
    if (this.picked.size)
      return [...this.picked];
    if (names.length <= fewNodesMax)
      return names;
    if (at - this.chosenAt > choicePauseMs) {
      this.chosenAt = at;
      // Who is drawn already stays unless others have clearly more.
      const stays = new Set(this.chosen);
      const weight = x => (x.pressed > 0 ? 1e12 : 0)
        + (x.queued_messages || 0) * (stays.has(x.name) ? 3 : 1);
      this.chosen = [...this.model.frame.nodes]
        .filter(x => this.model.condition(x) === "up")
        .sort((a, b) => weight(b) - weight(a))
        .slice(0, linesDrawnMax).map(x => x.name).sort(byName);
    }
    const own = this.selection?.node;
    return own && names.includes(own) && !this.chosen.includes(own)
      ? [...this.chosen, own] : this.chosen;
  }

  // -- drawing -------------------------------------------------------------------

  get isResting() {
    return this.model.isCrowd;
  }

  render(at) {
    const { model } = this;
    if (!model.frame)
      return;
    this.theme ??= readTheme();
    const names = model.frame.nodes.map(x => x.name);
    const lines = this.#lines(names, at);
    const many = names.length > fewNodesMax;
    this.#drawLegend(names, lines);
    attribute(this.legend, "class", many ? "many" : null);
    text(this.note, many && !this.picked.size
      ? `lines: the ${lines.length} fullest of ${names.length} nodes, or pick `
        + "below; grey: all nodes"
      : many ? `lines: the nodes picked; grey: all ${names.length}` : "");
    const strong = new Set(this.selection?.node ? [this.selection.node] : []);
    const slotNumber = this.#slotNumber();
    const slot = slotNumber === null ? null : model.history.slot(slotNumber);
    for (const plot of this.plots) {
      plot.draw({ now: model.clock(at), theme: this.theme, lines, strong,
                  band: many });
      if (slot !== null || this.crossed)
        plot.point(slot, this.theme, lines);
    }
    this.crossed = slot !== null;
    this.lines = lines;
    if (slotNumber === null && at - this.describedAt > describePauseMs)
      this.#describe(at, null);
    if (this.details.open)
      this.#drawText(names);
  }

  // A canvas is read as one sentence: the values at the cross, or now.
  #describe(at, slotNumber) {
    const { history } = this.model;
    this.describedAt = at;
    const i = slotNumber ?? history.count - 1;
    if (i < 0)
      return;
    const slot = history.slot(i);
    const when = slotNumber === null ? "now" : `at ${clock(history.times[slot])}`;
    for (const plot of this.plots) {
      const values = this.lines.map(name => {
        const value = history.value(name, plot.figure.id, slot);
        return `${name} ${known(value) ? plot.figure.format(value)
                                       : "no report"}`;
      });
      attribute(plot.canvas, "aria-label", `${plot.name}, last two minutes. `
        + `${when}: ${listed(values, linesDrawnMax + 1)}`);
    }
  }

  #drawText(names) {
    const rows = this.textRows.match(names, x => x,
      (row, name) => row.update(name, this.model)).map(x => x.root);
    arrange(this.details.querySelector("tbody"), rows);
  }
}

const textFigures = [["msgs_ps", short], ["queued_messages", short],
                     ["loop_busy", percent], ["p99_us", latency]];

class TextRow {
  constructor() {
    this.head = make("th", { scope: "row" });
    this.cells = Array.from({ length: 2 * textFigures.length },
                            () => make("td", { class: "number" }));
    this.root = make("tr", {}, this.head, ...this.cells);
  }

  update(name, model) {
    const { history } = model;
    text(this.head, name);
    const slot = history.slot(history.count - 1);
    textFigures.forEach(([figure, format], i) => {
      text(this.cells[2 * i], format(history.value(name, figure, slot)));
      text(this.cells[2 * i + 1], format(
        history.highest(name, figure, history.newest - historySpanMs)));
    });
  }
}
