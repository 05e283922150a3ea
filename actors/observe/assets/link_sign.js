// One direction of a link in the picture: a curve with an arrow, and in trouble a
// label. The state shows in the colour, in the dashes and in words.

import { attribute, makeSvg, text } from "./dom.js";
import { amount, duration, short } from "./format.js";
import { rate } from "./link_choice.js";
import { describeLink } from "./sentence.js";

/** Thickness in steps of ten times, so that it does not flicker. */
function step(link, before) {
  const exact = rate(link) > 0 ? Math.log10(rate(link)) + 1 : 0;
  return Math.abs(exact - before) < .75
    ? before : Math.max(0, Math.min(6, Math.round(exact)));
}

export class LinkSign {
  constructor() {
    this.line = makeSvg("path", { class: "link" });
    this.hit = makeSvg("path", { class: "hit" });
    this.under = makeSvg("path", { class: "hold" });
    this.title = makeSvg("title");
    this.root = makeSvg("g", { role: "button", tabindex: "-1",
                                class: "link-sign" },
                         this.title, this.hit, this.under, this.line);
    this.bar = makeSvg("path", { class: "hold-bar" });
    this.label = makeSvg("text", { class: "link-label" });
    this.spans = [];
    this.lines = [];
    this.step = 0;
    this.held = false;
  }

  update(link, seen) {
    const { arc, now, hold, ring: { crowded } } = seen;
    const state = link.state === "open" ? link.pressure : link.state;
    this.key = seen.key;
    this.link = link;
    this.now = now;
    if (this.arc !== arc) {
      this.arc = arc;
      for (const path of [this.line, this.hit, this.under])
        path.setAttribute("d", arc.path);
      this.bar.setAttribute("d", arc.bar(crowded ? 6 : 11));
    }
    // Trouble has a width of its own.
    this.step = state === "none" ? step(link, this.step) : 0;
    this.held = Boolean(hold);
    this.#label(link, state, seen);
    // Most links look as they did.
    const look = `${seen.key} ${state} ${link.pressure} ${this.step} ${this.held}`
      + ` ${crowded} ${seen.selected} ${seen.isBuried}`;
    if (look !== this.look) {
      this.look = look;
      this.#write(link, state, seen);
    }
  }

  #write(link, state, seen) {
    const { hold, ring: { crowded } } = seen;
    attribute(this.line, "class", `link ${state} w${this.step}`
      + (seen.isBuried ? " buried" : ""));
    attribute(this.line, "marker-end", `url(#${crowded ? "tip" : "head"}-${state})`);
    attribute(this.root, "class", `link-sign${hold ? " held" : ""}`
      + `${seen.selected ? " selected" : ""}`);
    const { root } = this;
    attribute(root, "data-key", seen.key);
    attribute(root, "data-link", `${link.from}>${link.to}`);
    attribute(root, "data-state", link.state);
    attribute(root, "data-pressure", link.pressure);
    attribute(root, "data-held", Boolean(hold));
    attribute(root, "aria-pressed", seen.selected ? "true" : "false");
    // No figures in the name: it would be read again with each of them.
    attribute(root, "aria-label", `Link from ${link.from} to ${link.to}, `
      + (state === "none" ? "open" : state)
      + (hold ? `, ${link.from} waits for ${link.to}` : ""));
  }

  #label(link, state, { now, hold, ring, reverse, isBuried }) {
    const age = link.since === null ? "" : ` ${duration(now - link.since)}`;
    // Both directions in the same state need only one label.
    const twin = link.state !== "open" && reverse === link.state
      && link.from > link.to;
    this.lines = state === "none" && !hold || twin || isBuried ? []
      : hold && ring.roomy
        ? [`${link.from} waits for ${link.to}`, `${state}${age}`,
           amount(hold.queued, hold.unit)]
        : [`${state}${age}`];
    if (!this.lines.length)
      return;
    attribute(this.label, "class", `link-label ${state}`);
    while (this.spans.length < this.lines.length) {
      const span = makeSvg("tspan");
      this.spans.push(span);
      this.label.append(span);
    }
    this.spans.forEach((span, i) => text(span, this.lines[i] ?? ""));
  }

  /** For the pointer; made when it comes, not with each frame. */
  describe() {
    const { link } = this;
    return `${link.from} to ${link.to}: ${describeLink(link, this.now)}, `
      + `${short(link.msgs_ps)} messages a second`;
  }

  moveLabel({ x, y }) {
    this.spans.forEach((span, i) => {
      attribute(span, "x", x.toFixed(1));
      attribute(span, "dy", i ? "1.15em" : null);
    });
    attribute(this.label, "y",
              (y + 4 - 7 * (this.lines.length - 1)).toFixed(1));
  }
}
