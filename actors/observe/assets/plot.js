// One figure of all nodes over the last two minutes, on a canvas. A value that did
// not come is a gap: lines are not drawn across it, and not on after the last one.

import { attribute, make, text } from "./dom.js";
import { clock } from "./format.js";
import { gapIntervals, historySpanMs } from "./limits.js";
import { styleOf } from "./palette.js";

const marginTop = .4, marginBottom = 1.25, marginLeft = 3.1, marginRight = .6;

/**
 * `figures` are the choices, the first one at the beginning: { id, name, format,
 * whole (the least top of the scale), top (a fixed one), mark(model) }.
 */
export class Plot {
  constructor(title, figures, model) {
    this.model = model;
    this.figures = figures;
    this.figure = figures[0];
    this.top = 0;
    this.canvas = make("canvas", { role: "img", tabindex: "0" });
    this.over = make("canvas", { "aria-hidden": "true", class: "over" });
    this.values = make("ol", { class: "values", hidden: true });
    this.box = make("div", { class: "canvas-box" },
                    this.canvas, this.over, this.values);
    const heading = make("h3", {}, title);
    this.root = make("figure", { class: "plot" },
                     make("figcaption", {}, heading), this.box);
    this.title = title;
    this.onFigure = () => {};
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
    const area = this.#prepare(theme);
    if (!area)
      return;
    const { context } = area;
    this.from = now - historySpanMs;
    this.#scale(band ? [...this.model.history.nodes.keys()] : lines);
    this.#axes(area, theme);
    context.save();
    context.beginPath();
    context.rect(area.left, 0, area.width + 1, area.bottom);
    context.clip();
    if (band)
      this.#band(area, theme);
    for (const name of lines)
      this.#line(area, theme, name, strong.has(name));
    context.restore();
  }

  #prepare(theme) {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const width = this.box.clientWidth, height = this.box.clientHeight;
    if (!width || !height)
      return null;
    for (const c of [canvas, this.over]) {
      const w = Math.round(width * ratio), h = Math.round(height * ratio);
      if (c.width !== w || c.height !== h) {
        c.width = w;
        c.height = h;
      }
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const { rem } = theme;
    this.area = {
      context, rem, left: marginLeft * rem, topY: marginTop * rem,
      width: width - (marginLeft + marginRight) * rem,
      bottom: height - marginBottom * rem, ratio, all: { width, height },
    };
    return this.area;
  }

  x(time) {
    return this.area.left
      + (time - this.from) / historySpanMs * this.area.width;
  }

  y(value) {
    const { topY, bottom } = this.area;
    return bottom - Math.min(1, value / this.top) * (bottom - topY);
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

  #axes({ context, left, width, bottom, rem }, theme) {
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

  // Calls `each(slot, time, isAfterGap)` for what can be seen.
  #walk(each) {
    const { history, intervalMs } = this.model;
    const gap = gapIntervals * intervalMs;
    let before = -Infinity;
    for (let i = 0; i < history.count; ++i) {
      const slot = history.slot(i), time = history.times[slot];
      if (time >= this.from - gap)
        each(slot, time, time - before > gap);
      before = time;
    }
  }

  #line({ context }, theme, name, strong) {
    const rings = this.model.history.nodes.get(name);
    if (!rings)
      return;
    const style = styleOf(this.model, name);
    const ring = rings[this.figure.id];
    context.strokeStyle = context.fillStyle = theme.nodes[style.colour];
    context.lineJoin = "round";
    context.setLineDash(style.dash);
    context.lineWidth = strong ? 2.6 : 1.5;
    let pen = false;
    context.beginPath();
    this.#walk((slot, time, afterGap) => {
      const value = ring[slot];
      if (Number.isNaN(value)) {
        pen = false;
        return;
      }
      const x = this.x(time), y = this.y(value);
      if (pen && !afterGap) {
        context.lineTo(x, y);
      } else {
        // A value between two gaps is a point, which a line would not show.
        context.moveTo(x - .75, y);
        context.lineTo(x, y);
      }
      pen = true;
    });
    context.stroke();
    if (this.figure.pressed)
      this.#pressed(context, theme, rings, ring);
  }

  // Where a queue of the node is past its mark, the line is underlaid.
  #pressed(context, theme, rings, ring) {
    context.setLineDash([]);
    context.lineWidth = 3;
    context.strokeStyle = theme.mark;
    let pen = false;
    context.beginPath();
    this.#walk((slot, time, afterGap) => {
      const isPressed = rings.pressed[slot] > 0 && !Number.isNaN(ring[slot]);
      if (isPressed) {
        const x = this.x(time), y = this.y(ring[slot]) - 4;
        if (pen && !afterGap)
          context.lineTo(x, y);
        else
          context.moveTo(x - 1, y);
      }
      pen = isPressed;
    });
    context.stroke();
  }

  // From the lowest to the highest of all nodes.
  #band({ context }, theme) {
    const rings = [...this.model.history.nodes.values()]
      .map(x => x[this.figure.id]);
    context.fillStyle = theme.band;
    let upper = [], lower = [];
    const fill = () => {
      if (upper.length > 1) {
        context.beginPath();
        upper.forEach(([x, y], i) => i ? context.lineTo(x, y)
                                       : context.moveTo(x, y));
        for (const [x, y] of lower.reverse())
          context.lineTo(x, y);
        context.fill();
      }
      upper = [];
      lower = [];
    };
    this.#walk((slot, time, afterGap) => {
      let low = Infinity, high = -Infinity;
      for (const ring of rings) {
        const value = ring[slot];
        if (value < low)
          low = value;
        if (value > high)
          high = value;
      }
      if (afterGap || high < low)
        fill();
      if (high >= low) {
        upper.push([this.x(time), this.y(high)]);
        lower.push([this.x(time), this.y(low)]);
      }
    });
    fill();
  }

  /** The cross at a frame, with the values there; null takes it away. */
  point(slot, theme, lines) {
    const context = this.over.getContext("2d");
    const { area } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.over.width, this.over.height);
    attribute(this.values, "hidden", slot === null || !area);
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

/** The next of 1, 2, 5, 10, 20, ... */
function nice(n) {
  if (!(n > 0))
    return 1;
  const size = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 5, 10].find(x => x * size >= n * .9999) * size;
}
