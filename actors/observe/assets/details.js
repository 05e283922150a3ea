// What is selected, in figures and words; with no selection, who holds whom.

import { Pool, arrange, attribute, make, show, text } from "./dom.js";
import { amount, bytes, clock, duration, known, latency, percent, perSecond,
         short, whole } from "./format.js";
import { conditionWords } from "./node_sign.js";
import { describeLink } from "./sentence.js";

const holdsShownMax = 60;
const linksShownMax = 120;

function nodeFacts(node, condition, now) {
  const live = condition === "up" || condition === "suspected";
  const now_ = value => live ? value : "–";
  return [
    ["State", condition === "up" && node.since !== null
      ? `up for ${duration(now - node.since)}`
      : conditionWords(node, condition, now) || condition],
    ["Slowed to", node.slow_bps ? `${bytes(node.slow_bps)}/s` : null],
    ["Address", node.endpoint || "–"],
    ["Roles", node.roles.join(", ") || "–"],
    ["Messages", now_(`${short(node.msgs_ps)}/s`)],
    ["Requests", now_(`${short(node.requests_ps)}/s`)],
    ["p50, p99", now_(`${latency(node.p50_us)}, ${latency(node.p99_us)}`)],
    ["In, out", now_(`${perSecond(node.in_bps)}, ${perSecond(node.out_bps)}`)],
    ["Queued", now_(`${amount(node.queued_messages, "messages")}, `
      + bytes(node.queued_bytes))],
    ["Past a mark", now_(known(node.pressed)
      ? amount(node.pressed, "queues") : "–")],
    ["Loop busy", now_(percent(node.loop_busy))],
    ["Connections", now_(whole(node.connections))],
    ["Memory", now_(bytes(node.rss))],
  ];
}

function linkFacts(link, now) {
  return [
    ["State", link.state === "open" || link.since === null ? link.state
      : `${link.state} since ${clock(link.since)}`],
    ["Pressure", describeLink({ ...link, state: "open" }, now)
      .replace("open", "none")],
    ["Queued", amount(link.queued, link.unit)],
    ["Messages", `${short(link.msgs_ps)}/s`],
    ["Bytes", perSecond(link.bps)],
  ];
}

export class Details {
  constructor(root, parts, model, select) {
    this.root = root;
    Object.assign(this, parts);           // title, body, close
    this.model = model;
    this.select = select;
    this.selection = null;
    this.facts = make("dl", { class: "facts" });
    this.hint = make("p", { class: "note" });
    this.holdsTitle = make("h3");
    this.holds = make("ul", { class: "lines" });
    this.linksTitle = make("h3");
    this.links = make("ul", { class: "lines" });
    this.body.append(this.facts, this.holdsTitle, this.holds, this.linksTitle,
                     this.links, this.hint);
    this.pairs = [];
    this.holdItems = new Pool(() => this.#line());
    this.linkItems = new Pool(() => this.#line());
    this.close.addEventListener("click", () => select(null));
  }

  #line() {
    const button = make("button", { type: "button", class: "line" });
    const item = { root: make("li", {}, button), button, selection: null };
    button.addEventListener("click", () => this.select(item.selection));
    return item;
  }

  get isResting() {
    return this.model.isCrowd;
  }

  render(at) {
    const { frame } = this.model;
    if (!frame)
      return;
    const now = this.model.clock(at);
    const { node: name, link: pair } = this.selection ?? {};
    const node = name === undefined ? null : frame.byName.get(name);
    const link = pair && frame.links.find(
      x => x.from === pair.from && x.to === pair.to);
    const title = pair ? `Link from ${pair.from} to ${pair.to}`
      : name !== undefined ? `Node ${name}` : "Who holds whom";
    text(this.title, title);
    show(this.close, this.selection !== null);
    const gone = this.selection && !node && !link;
    this.#showFacts(node ? nodeFacts(node, this.model.condition(node), now)
                         : link ? linkFacts(link, now) : []);
    const holds = frame.holds.filter(x => name !== undefined ? x.node === name
      || x.to === name : pair ? x.node === pair.from && x.to === pair.to : true);
    this.#showHolds(holds);
    this.#showLinks(name === undefined ? [] : frame.links.filter(
      x => x.from === name || x.to === name), name, now);
    text(this.hint, gone ? "It is no longer reported."
      : this.selection ? "" : (holds.length ? "" : "Nobody waits for anybody. ")
        + "Select a node or a link for its figures, and to try a failure.");
  }

  #showFacts(facts) {
    const shown = facts.filter(([, value]) => value !== null);
    while (this.pairs.length < shown.length) {
      const pair = [make("dt"), make("dd")];
      this.pairs.push(pair);
      this.facts.append(...pair);
    }
    this.pairs.forEach(([term, value], i) => {
      for (const element of [term, value])
        show(element, i < shown.length);
      text(term, shown[i]?.[0] ?? "");
      text(value, shown[i]?.[1] ?? "");
    });
  }

  #showHolds(holds) {
    const sorted = [...holds].sort((a, b) => b.since_ms - a.since_ms)
      .slice(0, holdsShownMax);
    show(this.holdsTitle, this.selection !== null && holds.length > 0);
    text(this.holdsTitle, "Waiting");
    const items = this.holdItems.match(sorted,
      x => JSON.stringify([x.node, x.held, x.holder]),
      (item, x) => {
        item.selection = x.to ? { link: { from: x.node, to: x.to } }
                              : { node: x.node };
        text(item.button, (x.to ? `${x.node} waits for ${x.to}: ` : `In ${x.node}: `)
          + `${x.held} is held by ${x.holder} for ${duration(x.since_ms)}, `
          + `${amount(x.queued, x.unit)} queued`);
      }).map(x => x.root);
    arrange(this.holds, items);
  }

  #showLinks(links, name, now) {
    const weight = x => (x.state !== "open" ? 2 : 0)
      + (x.pressure !== "none" ? 1 : 0);
    // In trouble first; the order of the rest does not change.
    const sorted = [...links].sort((a, b) => weight(b) - weight(a))
      .slice(0, linksShownMax);
    show(this.linksTitle, sorted.length > 0);
    text(this.linksTitle, "Links");
    const items = this.linkItems.match(sorted,
      x => JSON.stringify([x.from, x.to]),
      (item, x) => {
        item.selection = { link: { from: x.from, to: x.to } };
        attribute(item.button, "class", weight(x) ? "line trouble" : "line");
        text(item.button, (x.from === name ? `to ${x.to}` : `from ${x.from}`)
          + `: ${describeLink(x, now)}, ${short(x.msgs_ps)} msg/s`);
      }).map(x => x.root);
    arrange(this.links, items);
  }
}
