// The lines of a plot. With each frame they move to the left by whole points of the
// screen, and only what is new is drawn: to draw all of them anew would cost ten
// times as much.

import { make } from "./dom.js";
import { gapIntervals, historySpanMs } from "./limits.js";
import { styleOf } from "./palette.js";

// The canvas reaches this far over the place of the lines, for half a line.
export const rimPx = 3;

export class LineCanvas {
  constructor(model) {
    this.model = model;
    this.canvas = make("canvas", { "aria-hidden": "true", class: "trace" });
  }

  /**
   * Draws for `plot`, which knows the scales; `shift` is how many points to move
   * on, or Infinity to draw everything; `since` is the newest time drawn.
   */
  draw(plot, { theme, lines, strong, band, shift, since }) {
    const { width, ratio, left, topY } = plot.area;
    const context = this.canvas.getContext("2d");
    this.context = context;
    this.plot = plot;
    this.gapMs = gapIntervals * this.model.intervalMs;
    context.setTransform(1, 0, 0, 1, 0, 0);
    const all = !(shift < this.canvas.width);
    this.isPart = !all;
    if (!all && shift > 0) {
      context.globalCompositeOperation = "copy";
      context.drawImage(this.canvas, -shift, 0);
      context.globalCompositeOperation = "source-over";
    }
    // The last line drawn ended at `since`: from a bit before it, all is new.
    const first = all ? 0
      : Math.max(0, Math.floor((plot.x(since) - left) * ratio) - 4);
    context.clearRect(first, 0, this.canvas.width, this.canvas.height);
    context.save();
    context.beginPath();
    context.rect(first, 0, this.canvas.width, this.canvas.height);
    context.clip();
    context.setTransform(ratio, 0, 0, ratio, -left * ratio,
                         (rimPx - topY) * ratio);
    this.since = all ? plot.from - this.gapMs
      : plot.from + first / ratio / width * historySpanMs - 2 * this.gapMs;
    if (band)
      this.#band(theme);
    for (const name of lines)
      this.#line(theme, name, strong.has(name), width);
    context.restore();
  }

  // Calls `each(slot, time, isAfterGap)` for what is to be drawn.
  #walk(each) {
    const { history } = this.model;
    let before = -Infinity;
    for (let i = 0; i < history.count; ++i) {
      const slot = history.slot(i), time = history.times[slot];
      if (time >= this.since)
        each(slot, time, time - before > this.gapMs);
      before = time;
    }
  }

  #line(theme, name, isStrong, width) {
    const rings = this.model.history.nodes.get(name);
    if (!rings)
      return;
    const { context, plot } = this;
    const { colour, dash } = styleOf(this.model, name);
    const ring = rings[plot.figure.id];
    context.strokeStyle = theme.nodes[colour];
    context.lineJoin = "bevel";
    context.lineWidth = isStrong ? 2.6 : 1.5;
    context.setLineDash(dash);
    // Of a part, each piece is drawn by itself, with dashes that go by the time,
    // so that they fit to those drawn before.
    const pattern = this.isPart ? dash.reduce((sum, x) => sum + x, 0) : 0;
    const pxPerMs = width / historySpanMs;
    let pen = null;
    context.beginPath();
    this.#walk((slot, time, afterGap) => {
      const value = ring[slot];
      if (Number.isNaN(value)) {
        pen = null;
        return;
      }
      const x = plot.x(time), y = plot.y(value);
      // A value between two gaps is a point, which a line would not show.
      const from = pen && !afterGap ? pen : { x: x - .75, y };
      if (pattern) {
        context.beginPath();
        context.lineDashOffset = (time * pxPerMs + from.x - x) % pattern;
        context.moveTo(from.x, from.y);
        context.lineTo(x, y);
        context.stroke();
      } else {
        if (from !== pen)
          context.moveTo(from.x, from.y);
        context.lineTo(x, y);
      }
      pen = { x, y };
    });
    if (!pattern)
      context.stroke();
    context.setLineDash([]);
    if (plot.figure.pressed)
      this.#pressed(theme, rings, ring);
  }

  // Where a queue of the node is past its mark, the line has another above it.
  #pressed(theme, rings, ring) {
    const { context, plot } = this;
    context.lineWidth = 3;
    context.strokeStyle = theme.mark;
    let pen = false;
    context.beginPath();
    this.#walk((slot, time, afterGap) => {
      const isPressed = rings.pressed[slot] > 0 && !Number.isNaN(ring[slot]);
      if (isPressed) {
        const x = plot.x(time), y = plot.y(ring[slot]) - 4;
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
  #band(theme) {
    const { context, plot } = this;
    const rings = [...this.model.history.nodes.values()]
      .map(x => x[plot.figure.id]);
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
        upper.push([plot.x(time), plot.y(high)]);
        lower.push([plot.x(time), plot.y(low)]);
      }
    });
    fill();
  }
}
