// One node in the picture: a disc with a gauge of how busy its loop is, its name,
// and what is to be said of it. What does not answer is hatched, not guessed.

import { attribute, makeSvg, text } from "./dom.js";
import { clock, duration, listed, percent, short } from "./format.js";
import { styleOf } from "./palette.js";
import { wordsAbove } from "./ring.js";

export class NodeSign {
  constructor() {
    this.busy = -100;
    this.title = makeSvg("title");
    this.focus = makeSvg("circle", { class: "halo" });
    this.disc = makeSvg("circle", { class: "disc" });
    this.gauge = makeSvg("circle", { class: "gauge", pathLength: 100 });
    this.cross = makeSvg("path", { class: "cross" });
    this.name = makeSvg("text", { class: "node-name" });
    this.first = makeSvg("text", { class: "node-line strong" });
    this.second = makeSvg("text", { class: "node-line" });
    this.root = makeSvg("g", { role: "button", tabindex: "-1" }, this.title,
                         this.focus, this.disc, this.gauge, this.cross,
                         this.name, this.first, this.second);
  }

  update(node, seen) {
    const { model, now, ring, rem } = seen;
    const condition = model.condition(node);
    const live = condition === "up" || condition === "suspected";
    const { root } = this;
    if (seen.moved || this.place !== ring.at.get(node.name))
      this.#move(node, ring, rem);
    this.#gauge(live && node.loop_busy >= 0
      ? Math.min(1, node.loop_busy) * 100 : 0, ring.crowded);
    const words = conditionWords(node, condition, now);
    const waits = seen.waitsFor.length
      ? `waits for ${listed(seen.waitsFor, 3)}` : "";
    const inside = seen.inside ? "actors wait inside" : "";
    const slow = node.slow_bps ? "slowed" : "";
    const label = [node.name,
      condition === "silent" ? "does not answer" : condition,
      waits, inside, slow].filter(Boolean).join(", ");
    const isPressed = node.pressed > 0 && live;
    const { colour } = styleOf(model, node.name);
    // Most nodes look as they did.
    const look = `${seen.key} ${label} ${isPressed} ${seen.selected} ${colour}`;
    if (look !== this.look) {
      this.look = look;
      attribute(root, "class", `node-sign ${condition}`
        + (isPressed ? " pressed" : "") + (seen.selected ? " selected" : ""));
      attribute(root, "data-key", seen.key);
      attribute(root, "data-node", node.name);
      attribute(root, "data-state", condition);
      attribute(root, "aria-pressed", seen.selected ? "true" : "false");
      attribute(root, "aria-label", label);
      attribute(this.gauge, "class", `gauge c${colour}`);
    }
    this.about = `${node.name}: ${words || "up"}`;
    text(this.name, node.name);
    this.#say(node, ring, live, words, slow || inside);
  }

  // In steps, and not back and forth between two of them: a gauge that trembles
  // says no more.
  #gauge(busy, crowded) {
    const step = crowded ? 10 : 5;
    if (Math.abs(busy - this.busy) < .8 * step && (busy > 0 || !this.busy))
      return;
    this.busy = Math.round(busy / step) * step;
    attribute(this.gauge, "stroke-dasharray", `${this.busy} 100`);
    attribute(this.gauge, "data-busy", this.busy);
  }

  #say(node, ring, live, words, fault) {
    this.words = "";
    if (ring.crowded) {
      this.words = [words, fault].filter(Boolean).join(", ");
      text(this.first, this.words);
      text(this.second, "");
      return;
    }
    const rate = live ? `${short(node.msgs_ps)} msg/s` : "";
    text(this.first, words || (fault ? `${fault}, ${rate}` : rate));
    text(this.second, live
      ? `${short(node.queued_messages)} queued, ${percent(node.loop_busy)} busy`
      : words && fault ? fault : "");
    attribute(this.first, "data-words", Boolean(words || fault));
  }

  #move(node, ring, rem) {
    this.place = ring.at.get(node.name);
    const { x, y, dx, dy } = this.place;
    const r = ring.radius;
    attribute(this.root, "transform",
              `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    attribute(this.disc, "r", r);
    attribute(this.focus, "r", r + (ring.crowded ? 3 : 6));
    attribute(this.gauge, "r", r - (ring.crowded ? 1 : 2));
    const k = r * .5;
    attribute(this.cross, "d", `M${-k} ${-k}L${k} ${k}M${-k} ${k}L${k} ${-k}`);
    if (ring.crowded)
      this.#moveCrowded(dx, dy, r, rem, ring.at.size);
    else
      this.#moveRoomy(this.place, r, rem);
  }

  #moveRoomy(at, r, rem) {
    attribute(this.name, "transform", null);
    attribute(this.name, "text-anchor", "middle");
    attribute(this.name, "y", .35 * rem);
    const above = wordsAbove(at);
    attribute(this.first, "x", 0);
    attribute(this.first, "text-anchor", "middle");
    attribute(this.first, "y", above ? -r - 1.65 * rem : r + 1.15 * rem);
    attribute(this.second, "y", above ? -r - .65 * rem : r + 2.1 * rem);
    attribute(this.second, "text-anchor", "middle");
  }

  // Names stand out from the ring like rays, words stand inside it.
  #moveCrowded(dx, dy, r, rem, count) {
    const left = dx < -.01;
    const turned = count > 24;
    const degrees = Math.atan2(dy, dx) * 180 / Math.PI + (left ? 180 : 0);
    const far = r + .35 * rem;
    if (turned) {
      attribute(this.name, "transform", `rotate(${degrees.toFixed(1)})`
        + ` translate(${left ? -far : far} ${(.26 * rem).toFixed(1)})`);
      attribute(this.name, "text-anchor", left ? "end" : "start");
    } else {
      attribute(this.name, "transform",
                `translate(${(dx * far).toFixed(1)} `
                + `${(dy * (far + .2 * rem) + .28 * rem).toFixed(1)})`);
      attribute(this.name, "text-anchor", Math.abs(dx) < .3 ? "middle"
        : left ? "end" : "start");
    }
    attribute(this.name, "y", null);
  }

  /** For the pointer. */
  describe() {
    return this.about;
  }

  /** Puts its words at a place of the picture, in a crowd. */
  moveWords({ x, y }) {
    attribute(this.first, "x", (x - this.place.x).toFixed(1));
    attribute(this.first, "y", (y - this.place.y).toFixed(1));
    attribute(this.first, "text-anchor", "middle");
  }
}

/** What is to be said of a node that is not simply up. */
export function conditionWords(node, condition, now) {
  const since = node.since === null ? "" : now - node.since;
  switch (condition) {
    case "silent":
      return node.age_ms === null ? "has not reported yet"
        : `no answer for ${duration(node.age_ms)}`;
    case "suspected":
      return since === "" ? "suspected" : `suspected for ${duration(since)}`;
    case "down":
    case "left":
      return node.since === null ? condition
        : `${condition} since ${clock(node.since)}`;
    case "unknown":
      return "not known yet";
    default:
      return "";
  }
}
