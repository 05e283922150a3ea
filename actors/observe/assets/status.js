// The line at the top: how the cluster is, in a sentence; and when nothing comes
// from the node any more, that, in its place.

import { attribute, byId, show, text } from "./dom.js";
import { clock } from "./format.js";
import { spokenPauseMs } from "./limits.js";
import { describe } from "./sentence.js";

const marks = { none: "…", good: "●", warn: "▲", bad: "■" };

export class Status {
  constructor(model) {
    this.model = model;
    this.isAlwaysSeen = true;       // parts of it are in the bar and the tab
    this.root = byId("status");
    this.mark = byId("status-mark");
    this.sentence = byId("sentence");
    this.banner = byId("banner");
    this.spoken = byId("spoken");
    this.connection = byId("connection");
    this.cluster = byId("cluster-name");
    this.spokenAt = -Infinity;
    this.timer = 0;
    this.hasShown = false;
  }

  get isResting() {
    return this.model.isCrowd;
  }

  render(at) {
    const { model } = this;
    const old = model.isOld(at);
    this.#showConnection(at, old);
    const said = model.frame ? describe(model, model.clock(at)) : null;
    const level = old && model.node ? "bad" : said?.level ?? "none";
    attribute(this.root, "data-level", level);
    text(this.mark, marks[level]);
    text(this.sentence, !said ? "Waiting for the first report."
      : old ? `As of ${clock(model.frame.now)}: ${said.text}` : said.text);
    this.hasShown ||= model.frame !== null;
    attribute(document.body, "data-old",
              this.hasShown && (old || !model.frame));
    this.#title(level, said);
    if (said && !old)
      this.#speak(at, said.spoken);
  }

  #showConnection(at, old) {
    const { model } = this;
    text(this.cluster, model.cluster);
    const node = model.node || location.host;
    const lost = model.lostAt !== null;
    attribute(this.connection, "data-state", lost ? "lost"
      : old && model.connected ? "quiet" : model.connected ? "open"
      : "connecting");
    text(this.connection, lost ? `No connection to ${node}`
      : model.connected ? `Connected to ${node}` : "Connecting");
    const words = lost
      ? `No connection to ${node} since ${clock(model.lostAt)}, trying again.`
      : model.connected && old
        ? `Nothing from ${node} since ${clock(model.heardAt)}.` : "";
    show(this.banner, words !== "");
    text(this.banner, words);
  }

  // The tab says it, too, for whoever looks elsewhere.
  #title(level, said) {
    const sign = level === "bad" ? "■ " : level === "warn" ? "▲ " : "";
    const title = said ? `${sign}${this.model.cluster} – Sluice` : "Sluice";
    if (document.title !== title)
      document.title = title;
  }

  // The newest sentence, but not more often than somebody can listen to.
  #speak(at, words) {
    if (words === this.wanted)
      return;
    this.wanted = words;
    if (this.timer)
      return;
    const wait = Math.max(0, this.spokenAt + spokenPauseMs - at);
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.spokenAt = performance.now();
      text(this.spoken, this.wanted);
    }, wait);
  }
}
