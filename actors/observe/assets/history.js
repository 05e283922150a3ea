// The last two minutes: rings of numbers, one for each figure of each node. NaN
// stands for "not known", which a plot shows as a gap.

import { historyFramesMax as capacity, nodesMax, silentAfterMs }
  from "./limits.js";

// Figures in the history, and where a report has them.
const figures = ["msgs_ps", "requests_ps", "in_bps", "out_bps",
                 "queued_messages", "queued_bytes", "loop_busy", "p99_us",
                 "pressed"];

/** Whether its last report is too old to be believed, or there is none. */
export function isSilent(node) {
  return node.age_ms === null || node.age_ms > silentAfterMs;
}

export class History {
  constructor() {
    this.times = new Float64Array(capacity).fill(NaN);
    this.clear();
  }

  clear() {
    this.epoch = (this.epoch ?? 0) + 1;   // changes when the past does
    this.count = 0;
    this.next = 0;
    this.nodes = new Map();
  }

  /** The slot of the i-th frame, the oldest first. */
  slot(i) {
    return (this.next - this.count + i + capacity) % capacity;
  }

  get newest() {
    return this.count ? this.times[this.slot(this.count - 1)] : -Infinity;
  }

  /** Adds a frame; one that is not newer than the last is ignored. */
  add(frame) {
    if (frame.now <= this.newest)
      return;
    const slot = this.next;
    this.next = (slot + 1) % capacity;
    this.count = Math.min(this.count + 1, capacity);
    this.times[slot] = frame.now;
    for (const rings of this.nodes.values())
      for (const figure of figures)
        rings[figure][slot] = NaN;
    for (const node of frame.nodes)
      this.#write(node, slot, frame.now);
    this.#forget();
  }

  #write(node, slot, now) {
    let rings = this.nodes.get(node.name);
    if (!rings) {
      if (this.nodes.size >= nodesMax)
        return;
      rings = Object.fromEntries(
        figures.map(x => [x, new Float32Array(capacity).fill(NaN)]));
      this.nodes.set(node.name, rings);
    }
    rings.seen = now;
    const gone = isSilent(node) || node.state === "down"
      || node.state === "left";
    for (const figure of figures)
      rings[figure][slot] = gone ? NaN : node[figure];
  }

  // A node that is in no frame of the ring any more has nothing to show.
  #forget() {
    const oldest = this.times[this.slot(0)];
    for (const [name, rings] of this.nodes)
      if (rings.seen < oldest)
        this.nodes.delete(name);
  }

  /**
   * Puts what the node remembers before what we saw ourselves: after a lost
   * connection the gap is filled, after a restart of the node nothing is lost.
   */
  merge(frames) {
    if (!frames.length)
      return;
    const kept = new History();
    for (let i = 0; i < this.count; ++i)
      if (this.times[this.slot(i)] < frames[0].now)
        kept.#copy(this, this.slot(i));
    for (const frame of frames)
      kept.add(frame);
    const last = kept.newest;
    for (let i = 0; i < this.count; ++i)
      if (this.times[this.slot(i)] > last)
        kept.#copy(this, this.slot(i));
    Object.assign(this, { times: kept.times, count: kept.count,
                          next: kept.next, nodes: kept.nodes,
                          epoch: this.epoch + 1 });
  }

  #copy(from, slot) {
    const nodes = [];
    for (const [name, rings] of from.nodes) {
      const values = figures.map(x => [x, rings[x][slot]]);
      if (values.some(([, value]) => !Number.isNaN(value)))
        nodes.push({ name, state: "up", age_ms: 0,
                     ...Object.fromEntries(values) });
    }
    this.add({ now: from.times[slot], nodes });
  }

  value(name, figure, slot) {
    return this.nodes.get(name)?.[figure][slot] ?? NaN;
  }

  /** The highest value of a node since `from`; NaN if there is none. */
  highest(name, figure, from) {
    const ring = this.nodes.get(name)?.[figure];
    let most = -Infinity;
    for (let slot = 0; ring && slot < capacity; ++slot)
      if (ring[slot] > most && this.times[slot] >= from)
        most = ring[slot];
    return most === -Infinity ? NaN : most;
  }
}
