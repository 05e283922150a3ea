// The cluster in one or a few sentences, as a person would say it.

import { amount, bytes, capital, clock, counted, duration, listed, plural }
  from "./format.js";

const clausesMax = 3;

/**
 * { level: "good" | "warn" | "bad", text, spoken }: `spoken` is the text without
 * what changes each second, for a screen reader that is told of changes.
 */
export function describe(model, now) {
  const { frame } = model;
  if (!frame.nodes.length)
    return { level: "warn", text: "No nodes are known yet.",
             spoken: "No nodes are known yet." };
  const say = withTimes => [
    members(model, now, withTimes),
    ...waits(model, withTimes),
    ...faults(frame),
  ].filter(Boolean).join(" ");
  return { level: level(model), text: say(true), spoken: say(false) };
}

function level(model) {
  const { frame } = model;
  const conditions = frame.nodes.map(x => model.condition(x));
  if (conditions.some(x => x === "down" || x === "silent")
      || frame.links.some(x => x.pressure === "stalled"))
    return "bad";
  const uneasy = conditions.some(x => x === "suspected" || x === "unknown")
    || frame.holds.length || frame.nodes.some(x => x.slow_bps || x.pressed)
    || frame.links.some(x => x.state !== "open" || x.pressure !== "none");
  return uneasy ? "warn" : "good";
}

function members(model, now, withTimes) {
  const { nodes } = model.frame;
  const groups = grouped(nodes, x => model.condition(x));
  const up = groups.get("up")?.length ?? 0;
  const all = capital(plural(nodes.length, "node"));
  if (up === nodes.length)
    return nodes.length === 1 ? "One node, up." : `${all}, all up.`;
  const parts = [`${up === 0 ? "none" : counted(up)} up`];
  const add = (condition, words) => {
    const found = groups.get(condition);
    if (found)
      parts.push(words(found));
  };
  const since = (list, text) => list.length === 1 && withTimes
    && list[0].since !== null ? text(list[0]) : "";
  add("suspected", x => `${names(x)} suspected`
    + since(x, n => ` for ${duration(now - n.since)}`));
  add("down", x => `${names(x)} down`
    + since(x, n => ` since ${clock(n.since)}`));
  add("left", x => `${names(x)} left`);
  add("unknown", x => `${names(x)} not known yet`);
  const silent = groups.get("silent");
  const ages = silent?.map(x => x.age_ms).filter(x => x !== null) ?? [];
  return `${all}: ${parts.join(", ")}`
    + (silent ? `${parts.length ? "; " : ""}no answer from ${names(silent)}`
      + (withTimes && ages.length ? ` for ${duration(Math.min(...ages))}` : "")
      : "") + ".";
}

const names = nodes => listed(nodes.map(x => x.name));

function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

/** Who waits for whom between nodes: { node, to, since_ms }, longest first. */
export function nodeHolds(frame) {
  const longest = new Map();
  for (const hold of frame.holds) {
    if (!hold.to || hold.to === hold.node)
      continue;
    const key = JSON.stringify([hold.node, hold.to]);
    const other = longest.get(key);
    if (!other || other.since_ms < hold.since_ms)
      longest.set(key, hold);
  }
  return [...longest.values()].sort((a, b) => b.since_ms - a.since_ms);
}

/** Nodes that wait for each other in a circle; empty if none do. */
export function findCycle(frame) {
  const next = grouped(nodeHolds(frame), x => x.node);
  const state = new Map();
  const path = [];
  const visit = node => {
    state.set(node, "open");
    path.push(node);
    for (const { to } of next.get(node) ?? []) {
      if (state.get(to) === "open")
        return path.slice(path.indexOf(to));
      const found = state.has(to) ? null : visit(to);
      if (found)
        return found;
    }
    path.pop();
    state.set(node, "done");
    return null;
  };
  for (const node of next.keys()) {
    const found = state.has(node) ? null : visit(node);
    if (found)
      return found;
  }
  return [];
}

function waits(model, withTimes) {
  const { frame } = model;
  const cycle = findCycle(frame);
  const said = [];
  if (cycle.length)
    said.push(`${listed(cycle)} wait for each other in a circle.`);
  const groups = [...grouped(nodeHolds(frame), x => x.to)];
  for (const [to, holds] of groups.slice(0, clausesMax)) {
    const many = holds.length > 1;
    said.push(`${listed(holds.map(x => x.node).sort())} `
      + `${many ? "have" : "has"} waited for ${to}`
      + (withTimes ? ` for ${duration(holds[0].since_ms)}.` : "."));
  }
  if (groups.length > clausesMax)
    said.push(`${capital(plural(groups.length - clausesMax, "more node"))} `
      + "are waited for.");
  const inside = new Set(frame.holds.filter(x => !x.to).map(x => x.node));
  if (inside.size)
    said.push(`Actors wait for each other inside ${listed([...inside])}.`);
  if (!said.length && frame.nodes.every(x => model.condition(x) === "up"))
    said.push("Nobody waits for anybody.");
  return said;
}

function faults(frame) {
  const said = [];
  const slow = frame.nodes.filter(x => x.slow_bps);
  if (slow.length === 1)
    said.push(`${slow[0].name} is slowed to ${bytes(slow[0].slow_bps)} a second.`);
  else if (slow.length)
    said.push(`${names(slow)} are slowed.`);
  const between = state => {
    const seen = new Set(frame.links.filter(x => x.state === state)
      .map(x => [x.from, x.to].sort().join("–")));
    // Links to a node that is down are lost because it is; that is said already.
    for (const pair of seen)
      if (pair.split("–").some(x => frame.byName.get(x)?.state === "down"))
        seen.delete(pair);
    return [...seen];
  };
  const cut = between("cut");
  if (cut.length)
    said.push(`Cut: ${listed(cut)}.`);
  const lost = between("lost");
  if (lost.length)
    said.push(`Link lost: ${listed(lost)}.`);
  const stalled = frame.links.filter(x => x.pressure === "stalled");
  if (stalled.length)
    said.push(`Nothing moves any more from ${listed(
      stalled.map(x => `${x.from} to ${x.to}`))}.`);
  return said;
}

/** A link in words, for its label and its name. */
export function describeLink(link, now) {
  const age = link.since === null ? "" : ` for ${duration(now - link.since)}`;
  if (link.state !== "open")
    return `${link.state}${age}`;
  if (link.pressure === "none")
    return "open";
  return `${link.pressure}${age}`
    + (link.queued ? `, ${amount(link.queued, link.unit)} queued` : "");
}
