// Which links are drawn. Among a few nodes all are; in a crowd those in trouble,
// those that were asked for, and the busiest, which stay for some seconds: a
// picture in which lines come and go with each frame shows nothing, and costs a lot.

import { busyLinkBps, choicePauseMs, fewNodesMax, linksDrawnMax, troubleDrawnMax }
  from "./limits.js";

/** Whether it is not as it should be. */
export const isTrouble = link => link.state !== "open" || link.pressure !== "none";
const hasTraffic = link => link.msgs_ps > 0 || link.bps > busyLinkBps;
const keyOf = link => `${link.from}\n${link.to}`;

/** Messages a second, or what would be as many. */
export const rate = link => link.msgs_ps || link.bps / 100 || 0;

/** Whether it is lost because one of its nodes is down, which says it all. */
export function isBuried(link, frame) {
  const isDown = name => ["down", "left"].includes(
    frame.byName.get(name)?.state);
  return link.state === "lost" && (isDown(link.from) || isDown(link.to));
}

export class LinkChoice {
  #drawn = new Map();        // key of a link -> when it was busy, or in trouble
  #rankedAt = -Infinity;

  /**
   * { trouble, calm, left }: the links to draw, and how many are not. `asked` are
   * links ({from, to}) that are drawn whatever they are; of `node`, if it is not
   * undefined, all that are busy.
   */
  choose(frame, held, { asked, node, at }) {
    const few = frame.nodes.length <= fewNodesMax;
    const wanted = new Set(asked.map(keyOf));
    const holds = new Map([...held.values()].map(
      x => [keyOf({ from: x.node, to: x.to }), x]));
    const unreported = new Map(holds);
    const isKnown = link => link.from !== link.to
      && frame.byName.has(link.from) && frame.byName.has(link.to);
    const trouble = [], own = [], busy = [];
    let known = 0;
    for (const link of frame.links) {
      if (!isKnown(link))
        continue;
      ++known;
      link.id = keyOf(link);
      unreported.delete(link.id);
      // Who is drawn is busy until nothing has gone over it for as long as a
      // choice stays.
      const before = this.#drawn.get(link.id);
      link.isDrawn = before !== undefined;
      // In a crowd the lines to a node that is down would hide all others.
      const buried = !few && isBuried(link, frame);
      if ((isTrouble(link) && !buried) || holds.has(link.id))
        trouble.push(link);
      else if (few || wanted.has(link.id))
        own.push(link);
      else if (!buried && (hasTraffic(link) || at - before < choicePauseMs))
        (link.from === node || link.to === node ? own : busy).push(link);
    }
    // A hold on a peer to which no link is reported is shown all the same.
    const others = [...unreported].map(([key, x]) => linkOf(key, x, frame.now))
      .filter(isKnown);
    known += others.length;
    trouble.push(...others);
    trouble.sort((a, b) => wanted.has(b.id) - wanted.has(a.id));
    trouble.length = Math.min(trouble.length, troubleDrawnMax);
    const calm = [...own, ...this.#busiest(busy, at)];
    this.#drawn = new Map([
      ...trouble.map(x => [x.id, at]),
      ...calm.map(x => [x.id, hasTraffic(x) ? at : this.#drawn.get(x.id)
                                            ?? -Infinity])]);
    return { trouble, calm, left: known - trouble.length - calm.length };
  }

  // The order of lists is that of the frame; equals do not change places.
  #busiest(links, at) {
    if (links.length <= linksDrawnMax)
      return links;
    if (at - this.#rankedAt > choicePauseMs) {
      this.#rankedAt = at;
      // Who is drawn already stays unless others have clearly more.
      const weight = new Map(links.map(
        x => [x, rate(x) * (x.isDrawn ? 3 : 1)]));
      links.sort((a, b) => weight.get(b) - weight.get(a));
    } else {
      links = [...links.filter(x => x.isDrawn),
               ...links.filter(x => !x.isDrawn)];
    }
    return links.slice(0, linksDrawnMax);
  }
}

function linkOf(id, { node: from, to, since_ms, queued, unit }, now) {
  return { id, from, to, state: "open", pressure: "applied",
           since: now - since_ms, queued, unit, msgs_ps: NaN, bps: NaN };
}
