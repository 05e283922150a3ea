// One figure of all nodes over the last two minutes, on a canvas. A value that did
// not come is a gap: lines are not drawn across it, and not on after the last one.

import { attribute, make, text } from "./dom.js";
import { clock } from "./format.js";
import { historySpanMs } from "./limits.js";
import { LineCanvas, rimPx } from "./line_canvas.js";
import { styleOf } from "./palette.js";

// The place of the lines in the box, in rem.
const inset = { top: .4, right: .6, bottom: 1.25, left: 3.1 };

/**
 * `figures` are the choices, the first one at the beginning: { id, name, format,
 * whole (the least top of the scale), top (a fixed one), mark(model) }.
 */
export class Plot {
  constructor(title, figures, model) {
    this.model = model;
    this.figures = figures;
    this.figure = figures[0];
    this.title = title;
    this.top = 0;
    this.size = null;
    this.drawn = null;      // how the canvases were drawn the last time
    this.canvas = make("canvas", { role: "img", tabindex: "0" });
    this.lines = new LineCanvas(model);
    this.over = make("canvas", { "aria-hidden": "true", class: "over",
                                 hidden: true });
    this.values = make("ol", { class: "values", hidden: true });
    this.box = make("div", { class: "canvas-box" }, this.canvas,
                    this.lines.canvas, this.over, this.values);
    const heading = make("h3", {}, title);
    this.root = make("figure", { class: "plot" },
                     make("figcaption", {}, heading), this.box);
    this.onFigure = () => {};
    this.onResize = () => {};
    new ResizeObserver(([entry]) => {
      this.size = entry.contentRect;
      this.onResize();
    }).observe(this.box);
    if (figures.length > 1)
      heading.after(this.#choice(title));
  }

  #choice(title) {
    const select = make("select", { "aria-label": `${title}: which` },
      ...this.figures.map(x => make("option", { value: x.id }, x.name)));
    select.addEventListener("change", () => {
      this.figure = this.figures.find(x => x.id === select.value);
      this.top = 0;
      this.onFigure();
    });
    return select;
  }

  get name() {
    return this.figures.length > 1 ? `${this.title}, ${this.figure.name}`
                                   : this.title;
  }

  /** `lines` are the names drawn, `strong` those drawn thick; `band`: all. */
  draw({ now, theme, lines, strong, band }) {
    if (!this.size?.width)
      return;
    const { history } = this.model;
    this.#measure(theme.rem);
    const { width, height, ratio } = this.area;
    // Time moves by whole points of the screen, so that what is drawn can be
    // moved and need not be drawn again.
    this.msPerPoint = historySpanMs / Math.round(width * ratio);
    const edge = Math.floor(now / this.msPerPoint);
    this.from = edge * this.msPerPoint - historySpanMs;
    this.#scale(band ? [...history.nodes.keys()] : lines);
    const how = JSON.stringify([width, height, ratio, this.figure.id, this.top,
      lines, [...strong], band, theme.number, history.epoch,
      this.model.marks]);
    // Time can go back: our clock goes on while a tunnel holds frames up.
    const shift = how === this.drawn?.how && edge >= this.drawn.edge
      ? edge - this.drawn.edge : Infinity;
    if (shift > 0 || history.newest !== this.drawn.newest) {
      if (shift === Infinity)
        this.#axes(theme);
      this.lines.draw(this, { theme, lines, strong, band,
        shift, since: this.drawn?.newest });
      this.drawn = { how, edge, newest: history.newest };
    }
  }

  #measure(rem) {
    const ratio = devicePixelRatio || 1;
    const { width, height } = this.size;
    for (const canvas of [this.canvas, this.over])
      if (resize(canvas, width * ratio, height * ratio))
        this.drawn = null;
    this.area = {
      rem, ratio, left: inset.left * rem, topY: inset.top * rem,
      width: width - (inset.left + inset.right) * rem,
      height: height - (inset.top + inset.bottom) * rem,
      bottom: height - inset.bottom * rem,
    };
    if (resize(this.lines.canvas, this.area.width * ratio,
               (this.area.height + 2 * rimPx) * ratio))
      this.drawn = null;
  }

  x(time) {
    return this.area.left
      + (time - this.from) / historySpanMs * this.area.width;
  }

  y(value) {
    const { bottom, height } = this.area;
    return bottom - Math.min(1, value / this.top) * height;
  }

  // The scale grows at once and shrinks late, so that it does not jump about.
  #scale(names) {
    const { figure } = this;
    if (figure.top) {
      this.top = figure.top;
      return;
    }
    let most = 0;
    for (const name of names) {
      const value = this.model.history.highest(name, figure.id, this.from);
      if (value > most)
        most = value;
    }
    const mark = figure.mark?.(this.model);
    if (mark && most > mark / 3)
      most = Math.max(most, mark * 1.05);
    const wanted = Math.max(figure.whole ?? 1, nice(most));
    if (most > this.top || wanted < this.top / 2)
      this.top = wanted;
  }

  #axes(theme) {
    const { left, width, bottom, rem, ratio } = this.area;
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.size.width, this.size.height);
    context.font = `${.6875 * rem}px ${theme.font}`;
    context.lineWidth = 1;
    context.setLineDash([]);
    context.strokeStyle = theme.grid;
    context.fillStyle = theme.muted;
    context.textBaseline = "middle";
    context.textAlign = "right";
    context.beginPath();
    for (const share of [0, .5, 1]) {
      const y = Math.round(this.y(this.top * share)) + .5;
      context.moveTo(left, y);
      context.lineTo(left + width, y);
      context.fillText(this.figure.format(this.top * share),
                       left - .35 * rem, Math.max(y, .4 * rem));
    }
    context.stroke();
    context.textBaseline = "bottom";
    const feet = [[-120_000, "2 min ago", "left"], [-60_000, "1 min", "center"],
                  [0, "now", "right"]];
    for (const [offset, words, align] of feet) {
      context.textAlign = align;
      context.fillText(words, this.x(this.from + historySpanMs + offset),
                       bottom + 1.15 * rem);
    }
    const mark = this.figure.mark?.(this.model);
    if (mark && mark <= this.top) {
      const y = Math.round(this.y(mark)) + .5;
      context.strokeStyle = context.fillStyle = theme.mark;
      context.setLineDash([5, 3]);
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(left + width, y);
      context.stroke();
      context.textAlign = "left";
      context.fillText("high mark of one queue", left + .3 * rem, y - 2);
    }
  }

  /** The cross at a frame, with the values there; null takes it away. */
  point(slot, theme, lines) {
    const context = this.over.getContext("2d");
    const { area } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.over.width, this.over.height);
    for (const element of [this.over, this.values])
      attribute(element, "hidden", slot === null || !area);
    if (slot === null || !area)
      return;
    context.setTransform(area.ratio, 0, 0, area.ratio, 0, 0);
    const time = this.model.history.times[slot], x = this.x(time);
    context.strokeStyle = theme.muted;
    context.beginPath();
    context.moveTo(x, area.topY);
    context.lineTo(x, area.bottom);
    context.stroke();
    const found = lines.map(name => [
      name, this.model.history.value(name, this.figure.id, slot)])
      .sort((a, b) => (Number.isNaN(b[1]) ? -1 : b[1])
                    - (Number.isNaN(a[1]) ? -1 : a[1]));
    for (const [name, value] of found) {
      if (Number.isNaN(value))
        continue;
      context.fillStyle = theme.nodes[styleOf(this.model, name).colour];
      context.beginPath();
      context.arc(x, this.y(value), 3, 0, 7);
      context.fill();
    }
    this.#list(time, found, x > area.left + area.width / 2);
  }

  #list(time, found, onTheRight) {
    attribute(this.values, "class", onTheRight ? "values left" : "values right");
    while (this.values.children.length < found.length + 1)
      this.values.append(make("li", {}, make("span"), make("b")));
    const items = [...this.values.children];
    items.forEach((item, i) => attribute(item, "hidden", i > found.length));
    text(items[0].firstChild, clock(time));
    text(items[0].lastChild, "");
    found.forEach(([name, value], i) => {
      const item = items[i + 1];
      attribute(item, "class", `c${styleOf(this.model, name).colour}`);
      text(item.firstChild, name);
      text(item.lastChild, Number.isNaN(value) ? "no report"
                                               : this.figure.format(value));
    });
  }
}

/** Gives a canvas a size in points of the screen; returns whether it changed. */
function resize(canvas, width, height) {
  const w = Math.round(width), h = Math.round(height);
  if (canvas.width === w && canvas.height === h)
    return false;
  canvas.width = w;
  canvas.height = h;
  return true;
}

/** The next of 1, 2, 5, 10, 20, ... */
function nice(n) {
  if (!(n > 0))
    return 1;
  const size = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 5, 10].find(x => x * size >= n * .9999) * size;
}
