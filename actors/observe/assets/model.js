// What the page knows of the cluster: the newest frame, the last two minutes and
// the events. Bounded, whatever the node sends and however long the tab is open.

import { eventsMax, fewNodesMax, nodesMax, quietAfterMs, silentAfterMs }
  from "./limits.js";
import { History, isSilent } from "./history.js";
import { isTrouble } from "./link_choice.js";
import { byName } from "./format.js";

export class Model {
  constructor() {
    this.history = new History();
    this.#reset();
    this.connected = false;
    this.lostAt = null;       // our clock; null while there is a connection
  }

  #reset() {
    this.cluster = "";
    this.node = "";
    this.controls = [];
    this.marks = {};
    this.intervalMs = 500;
    this.frame = null;             // never one of the history
    this.askedSince = -Infinity;   // by the node's clock: all others, for reports
    this.news = "";
    this.receivedAt = -Infinity;   // performance.now()
    this.events = [];              // the newest first
    this.eventKeys = new Set();
    this.styles = new Map();       // name of a node -> number of its colour
    this.history.clear();
  }

  /** A connection was made and its node has said who it is. */
  welcome(hello, at) {
    if (hello.cluster !== this.cluster || hello.node !== this.node)
      this.#reset();
    this.cluster = hello.cluster;
    this.node = hello.node;
    this.controls = hello.controls;
    this.marks = hello.marks;
    this.intervalMs = Math.min(10_000, Math.max(100, hello.interval_ms));
    this.connected = true;
    this.lostAt = null;
    this.askedSince = hello.now;
    // What is shown from before stays old until a frame comes.
    if (!this.frame)
      this.receivedAt = at;
    this.history.merge(hello.history);
    for (const event of hello.events)
      this.addEvent(event);
  }

  /** Returns whether something is so that was not so in the frame before. */
  addFrame(frame, at) {
    this.receivedAt = at;
    // A clock that was set back, or a node that started anew: begin again.
    if (frame.now + 60_000 < this.history.newest)
      this.history.clear();
    this.history.add(frame);
    this.#show(frame);
    const before = this.news;
    this.news = this.#newsOf(frame);
    return this.news !== before;
  }

  #show(frame) {
    frame.nodes.sort((a, b) => byName(a.name, b.name));
    frame.byName = new Map(frame.nodes.map(x => [x.name, x]));
    this.frame = frame;
    this.#giveStyles();
  }

  // What has to be seen at once, as a text: all but figures and ages.
  #newsOf({ nodes, links, holds }) {
    return JSON.stringify([
      nodes.map(x => [x.name, this.condition(x), x.slow_bps, x.pressed > 0]),
      links.filter(isTrouble).map(x => [x.from, x.to, x.state, x.pressure]),
      holds.map(x => [x.node, x.held, x.holder, x.to]),
    ]);
  }

  /** Whether there are so many nodes that calm figures are drawn less often. */
  get isCrowd() {
    return this.frame?.nodes.length > fewNodesMax;
  }

  // A node keeps its colour for as long as anything of it can be seen.
  #giveStyles() {
    const known = name => this.frame.byName.has(name)
      || this.history.nodes.has(name);
    for (const name of this.styles.keys())
      if (!known(name))
        this.styles.delete(name);
    const used = new Set(this.styles.values());
    let next = 0;
    for (const { name } of this.frame.nodes) {
      if (this.styles.has(name) || this.styles.size >= 2 * nodesMax)
        continue;
      while (used.has(next))
        ++next;
      used.add(next);
      this.styles.set(name, next);
    }
  }

  /** Adds an event in its place; returns false if it is there already. */
  addEvent(event) {
    const key = `${event.at}/${event.seq}/${event.node}`;
    if (this.eventKeys.has(key))
      return false;
    let i = 0;
    while (i < this.events.length && this.events[i].at > event.at)
      ++i;
    if (i >= eventsMax)
      return false;
    event.key = key;
    this.eventKeys.add(key);
    this.events.splice(i, 0, event);
    while (this.events.length > eventsMax)
      this.eventKeys.delete(this.events.pop().key);
    return true;
  }

  lose() {
    if (this.connected || this.lostAt === null)
      this.lostAt = Date.now();
    this.connected = false;
  }

  /** When the last message came, by our clock. */
  get heardAt() {
    return Date.now() - this.quietFor(performance.now());
  }

  /** Milliseconds since the last frame came. */
  quietFor(at) {
    return at - this.receivedAt;
  }

  /** Whether what is shown is not what is. */
  isOld(at) {
    return !this.connected || this.quietFor(at) > this.#quietLimit;
  }

  get #quietLimit() {
    return Math.max(quietAfterMs, 4 * this.intervalMs);
  }

  /** The node's clock now: that of the frame, and on while no frame comes. */
  clock(at) {
    if (!this.frame)
      return Date.now();
    return this.frame.now + (this.isOld(at) ? this.quietFor(at) : 0);
  }

  /**
   * What a node is to the viewer: its state, or that it does not answer, or that
   * nothing is known of it: it was not asked before the page was opened, or has
   * only just come.
   */
  condition(node) {
    const isHere = node.state === "up" || node.state === "suspected";
    if (!isHere || !isSilent(node))
      return node.state;
    const since = Math.max(this.askedSince, node.since ?? -Infinity);
    return node.age_ms === null && this.frame.now - since < silentAfterMs
      ? "unknown" : "silent";
  }
}
