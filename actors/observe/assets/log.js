// The events, the newest first, each as the sentence that the node made of it.

import { attribute, make, show, text } from "./dom.js";
import { clock, moment } from "./format.js";
import { eventsMax, eventsReadMax } from "./limits.js";

const kinds = {
  Membership: ["joined", "suspected", "trusted", "left", "down"],
  Pressure: ["applied", "released", "stalled"],
  Connections: ["closed", "link_lost", "link_open"],
  Commands: ["control"],
};
const marks = { info: "·", warn: "▲", bad: "■" };
const severities = { info: "", warn: "Warning: ", bad: "Trouble: " };

export class Log {
  constructor(root, list, kindSelect, model) {
    this.root = root;
    this.list = list;
    this.region = list.parentElement;
    this.select = kindSelect;
    this.model = model;
    this.items = new Map();       // key of an event -> its element
    this.none = make("p", { class: "note" });
    this.list.after(this.none);
    kindSelect.append(make("option", { value: "" }, "all events"));
    for (const [group, members] of Object.entries(kinds)) {
      kindSelect.append(make("optgroup", { label: group },
        make("option", { value: group }, `all of ${group.toLowerCase()}`),
        ...members.map(x => make("option", { value: x }, x.replace("_", " ")))));
    }
    this.onFilter = () => {};
    kindSelect.addEventListener("change", () => this.onFilter());
  }

  #isWanted(event) {
    const { value } = this.select;
    return !value || event.kind === value
      || Boolean(kinds[value]?.includes(event.kind));
  }

  render() {
    const wanted = this.model.events.filter(x => this.#isWanted(x));
    const keys = new Set(wanted.map(x => x.key));
    for (const [key, item] of this.items) {
      if (!keys.has(key)) {
        item.remove();
        this.items.delete(key);
      }
    }
    const fresh = wanted.filter(x => !this.items.has(x.key)).length;
    if (fresh > eventsReadMax)
      this.#hush();
    // From the oldest, so that each finds the one that it stands before.
    let next = null;
    for (const event of wanted.slice(0, eventsMax).reverse()) {
      let item = this.items.get(event.key);
      if (!item) {
        item = draw(event);
        this.items.set(event.key, item);
        this.list.insertBefore(item, next ?? null);
      }
      next = item;
    }
    show(this.none, !wanted.length);
    text(this.none, this.model.events.length
      ? "No event of this kind yet." : "Nothing has happened yet.");
  }

  // A screen reader reads what is added. Many at once are not news but the past,
  // or another filter.
  #hush() {
    attribute(this.region, "aria-live", "off");
    requestAnimationFrame(() => requestAnimationFrame(
      () => attribute(this.region, "aria-live", "polite")));
  }
}

function draw(event) {
  const time = make("time", {
    datetime: isoTime(event.at), title: moment(event.at),
  }, clock(event.at));
  return make("li", { class: event.severity, "data-kind": event.kind,
                      "data-seq": event.seq },
    time,
    make("span", { class: "mark", "aria-hidden": "true" },
         marks[event.severity]),
    make("span", { class: "unseen" }, severities[event.severity]),
    make("span", { class: "said" }, event.text));
}

function isoTime(ms) {
  const at = new Date(ms);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
