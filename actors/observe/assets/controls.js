// The failures that can be tried on what is selected, and their end.

import { attribute, byId, make, show } from "./dom.js";
import { whole } from "./format.js";

const slowBytesMax = 1e12;

export class Controls {
  constructor(root, model, commands, confirm) {
    this.isAlwaysSeen = true;       // healing is in the bar
    this.root = root;
    this.model = model;
    this.commands = commands;
    this.confirm = confirm;
    this.selection = null;
    this.built = "";
    this.healAll = byId("heal-all");
    this.healAll.addEventListener("click", () => this.#do({
      do: "heal", name: "Heal everything", isGentle: true,
      sentence: "Every slow node and every cut link of the cluster is healed, "
        + "also those that somebody else is trying.",
    }));
    // Kept over a selection of something else.
    this.bytes = make("input", { type: "number", min: 1, max: slowBytesMax,
                                 step: 1, value: 1000, inputmode: "numeric",
                                 required: true, id: "slow-bytes" });
    this.peer = make("select", { id: "cut-peer" });
  }

  #can(name) {
    return this.model.controls.includes(name);
  }

  render() {
    const { connected, controls } = this.model;
    show(this.healAll, this.#can("heal") || !this.model.cluster);
    attribute(this.healAll, "disabled", !connected);
    const { node, link } = this.selection ?? {};
    const shape = JSON.stringify([node, link, controls, this.model.node]);
    if (shape !== this.built) {
      this.built = shape;
      this.root.replaceChildren(...node !== undefined ? this.#forNode(node)
        : link ? this.#forLink(link) : []);
    }
    this.#fillPeers(node);
    for (const control of this.root.querySelectorAll("button, input, select"))
      attribute(control, "disabled", !connected
        || control.dataset.own !== undefined);
  }

  #fillPeers(node) {
    const names = (this.model.frame?.nodes ?? []).map(x => x.name)
      .filter(x => x !== node);
    const before = [...this.peer.options].map(x => x.value);
    if (before.join("\n") === names.join("\n"))
      return;
    const chosen = this.peer.value;
    this.peer.replaceChildren(
      ...names.map(x => make("option", { value: x }, x)));
    if (names.includes(chosen))
      this.peer.value = chosen;
  }

  #forNode(node) {
    const rows = [];
    const row = (...parts) => rows.push(make("div", { class: "row" }, ...parts));
    if (this.#can("slow"))
      row(this.#button("slow", "Slow", () => this.#slow(node)),
          make("label", {}, "to ", this.bytes, " bytes a second"));
    if (this.#can("cut"))
      row(this.#button("cut", "Cut", () => this.#cut(node, this.peer.value)),
          make("label", {}, "from ", this.peer));
    const rest = [
      ["stop", "Stop", () => this.#do({
        do: "stop", node, name: `Stop ${node}`,
        sentence: `The process of ${node} is stopped: it answers nobody until `
          + "it continues, and the others will suspect it." })],
      ["cont", "Continue", () => this.#now(
        { do: "cont", node }, `Continue ${node}`)],
      ["kill", "Kill", () => this.#do({
        do: "kill", node, name: `Kill ${node}`,
        sentence: `The process of ${node} is ended at once, and what only its `
          + `memory holds is lost.` })],
      ["start", "Start", () => this.#now(
        { do: "start", node }, `Start ${node}`)],
      ["heal", "Heal", () => this.#do({
        do: "heal", node, name: `Heal ${node}`, isGentle: true,
        sentence: `${node} is no longer slowed, and its links that were cut `
          + "are mended." })],
    ].filter(([name]) => this.#can(name));
    if (rest.length)
      row(...rest.map(x => this.#button(...x)));
    if (node === this.model.node && (this.#can("stop") || this.#can("kill"))) {
      for (const button of rows.at(-1).querySelectorAll(
        "[data-do='stop'], [data-do='kill']"))
        button.dataset.own = "";
      rows.push(make("p", { class: "note" }, `${node} serves this page; to stop or `
        + "kill it, use the page of another node."));
    }
    return this.#titled(rows, `Try a failure on ${node}`);
  }

  #forLink({ from, to }) {
    const parts = [];
    if (this.#can("cut"))
      parts.push(this.#button("cut", `Cut ${from} from ${to}`,
                              () => this.#cut(from, to)));
    if (this.#can("heal"))
      parts.push(this.#button("heal", `Heal ${from}`, () => this.#do({
        do: "heal", node: from, name: `Heal ${from}`, isGentle: true,
        sentence: `${from} is no longer slowed, and its links that were cut `
          + "are mended." })));
    return this.#titled(parts.length
      ? [make("div", { class: "row" }, ...parts)] : [], "Try a failure");
  }

  #titled(rows, title) {
    return rows.length ? [make("h3", {}, title), ...rows]
      : [make("p", { class: "note" },
              "This node offers no commands: they are switched off.")];
  }

  #button(command, words, action) {
    const button = make("button", { type: "button", "data-do": command }, words);
    button.addEventListener("click", action);
    return button;
  }

  #slow(node) {
    if (!this.bytes.reportValidity())
      return;
    const rate = Math.round(this.bytes.valueAsNumber);
    this.#do({
      do: "slow", node, bytes_per_s: rate, name: `Slow ${node}`,
      sentence: `${node} takes part at no more than ${whole(rate)} bytes a `
        + "second until it is healed; whoever needs more of it has to wait.",
    });
  }

  #cut(node, peer) {
    if (!peer)
      return;
    this.#do({
      do: "cut", node, peer, name: `Cut ${node} from ${peer}`,
      sentence: `${node} and ${peer} do not reach each other until this is `
        + "healed; others still reach both.",
    });
  }

  async #do({ name, sentence, isGentle = false, ...message }) {
    const yes = await this.confirm.ask({
      title: `${name}?`, sentence, action: name, isDangerous: !isGentle });
    if (yes)
      this.#now(message, name);
  }

  #now(message, words) {
    this.commands.run(message, words);
  }
}
