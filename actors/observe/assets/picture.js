// The cluster as a picture: nodes on a ring, links between them. It keeps one
// element for each thing shown, and writes only what changed.

import { Pool, arrange, attribute, keepingFocus, make, makeSvg, text }
  from "./dom.js";
import { byName } from "./format.js";
import { LinkChoice, isBuried } from "./link_choice.js";
import { LinkSign } from "./link_sign.js";
import { NodeSign } from "./node_sign.js";
import { nodeHolds } from "./sentence.js";
import { Arc, LabelRoom, place } from "./ring.js";

const key = [
  ["none", "open", "thicker is more"], ["applied", "applied", "told to slow down"],
  ["stalled", "stalled", "nothing moves"], ["lost", "lost", "dialled again"],
  ["cut", "cut", "by a command"], ["held", "held", "the bar is at who waits"],
];

/** `select(selection)` is called with {node} or {link: {from, to}} or null. */
export class Picture {
  constructor(root, keyRoot, note, model, select) {
    this.root = root;
    this.note = note;
    this.model = model;
    this.select = select;
    this.selection = null;
    this.current = null;      // the key of what has the focus, or would have
    this.ring = null;
    this.arcs = new Map();
    this.size = { width: 0, height: 0 };
    this.choice = new LinkChoice();
    this.links = new Pool(() => new LinkSign());
    this.nodes = new Pool(() => new NodeSign());
    this.#build();
    keyRoot.append(...key.map(([state, name, words]) => make("li", {},
      sample(state), make("span", {}, make("b", {}, name), ` ${words}`))));
    this.onResize = () => {};
    // Sizes are asked for when they change: asking for them while drawing would
    // make the browser lay out the page twice.
    new ResizeObserver(([entry]) => {
      const { width, height } = entry.contentRect;
      this.size = { width: Math.round(width), height: Math.round(height) };
      this.rem = parseFloat(
        getComputedStyle(document.documentElement).fontSize);
      this.onResize();
    }).observe(root);
  }

  #build() {
    this.bars = makeSvg("g", { "aria-hidden": "true" });
    this.lines = makeSvg("g");
    this.trouble = makeSvg("g");       // above the others
    this.labels = makeSvg("g", { "aria-hidden": "true" });
    this.points = makeSvg("g");
    // Two layers: gauges and words change with each frame, and the many lines
    // beneath them, which hardly do, are not painted anew for that.
    this.layers = [
      makeSvg("svg", { role: "group", "aria-label": "Links" },
              heads(), this.lines, this.trouble, this.bars),
      makeSvg("svg", { role: "group", "aria-label": "Nodes" },
              hatching(), this.points, this.labels),
    ];
    // Nodes first, for those who go by keys and ears.
    this.root.append(...this.layers.toReversed());
    this.root.addEventListener("click", event => {
      const sign = event.target.closest("[data-key]");
      this.#choose(sign?.dataset.key ?? null);
      if (sign)
        this.#focus(sign.dataset.key);
    });
    this.root.addEventListener("pointerover", event => {
      const sign = this.#sign(event.target.closest("[data-key]")?.dataset.key);
      if (sign)
        text(sign.title, sign.describe());
    });
    this.root.addEventListener("keydown", event => this.#onKey(event));
    this.root.addEventListener("focusin", event => {
      const sign = event.target.closest("[data-key]");
      if (sign)
        this.#rove(sign.dataset.key);
    });
  }

  // -- what is chosen ---------------------------------------------------------

  #choose(signKey) {
    if (signKey === null)
      return this.select(null);
    const [kind, first, second] = JSON.parse(signKey);
    this.select(kind === "node" ? { node: first }
                                : { link: { from: first, to: second } });
  }

  #sign(signKey) {
    return this.nodes.items.get(signKey) ?? this.links.items.get(signKey);
  }

  #focus(signKey) {
    this.#sign(signKey)?.root.focus({ preventScroll: true });
  }

  // One element of the picture is in the order of Tab: the last that was used.
  #rove(signKey) {
    if (this.current !== signKey)
      this.#sign(this.current)?.root.setAttribute("tabindex", "-1");
    this.current = signKey;
    this.#sign(signKey)?.root.setAttribute("tabindex", "0");
  }

  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.current)
      return;
    const [kind, node] = JSON.parse(this.current);
    const nodes = [...this.nodes.items.keys()];
    const at = nodes.indexOf(nodeKey(node));
    const links = [...this.links.items.keys()]
      .filter(x => JSON.parse(x)[1] === node);
    const link = kind === "link" ? links.indexOf(this.current) : -1;
    const turn = n => nodes[(at + n + nodes.length) % nodes.length];
    const aim = {
      ArrowRight: () => turn(1), ArrowLeft: () => turn(-1),
      Home: () => nodes[0], End: () => nodes.at(-1),
      ArrowDown: () => links[link + 1],
      ArrowUp: () => link > 0 ? links[link - 1] : nodeKey(node),
    }[event.key];
    if (aim) {
      event.preventDefault();
      const next = aim();
      if (next)
        this.#focus(next);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#choose(this.current);
    } else if (event.key === "Escape") {
      this.select(null);
    }
  }

  // -- what is drawn ------------------------------------------------------------

  get isResting() {
    return this.model.isCrowd;
  }

  render(at) {
    const { frame } = this.model;
    if (!frame || !this.size.width)
      return;
    const now = this.model.clock(at);
    const moved = this.#layOut(frame);
    const held = new Map(nodeHolds(frame).map(
      x => [linkKey({ from: x.node, to: x.to }), x]));
    const drawn = this.choice.choose(frame, held, {
      asked: this.#askedLinks(), node: this.selection?.node, at });
    const links = this.#drawLinks(drawn, held, now, moved);
    const nodes = this.#drawNodes(frame, held, now, moved);
    this.#placeWords(links, nodes, moved);
    const { width, height } = this.size;
    for (const layer of this.layers) {
      attribute(layer, "viewBox", `0 0 ${width} ${height}`);
      attribute(layer, "class", this.ring.crowded ? "crowded" : "roomy");
    }
    text(this.note, drawn.left
      ? `${links.length} of ${links.length + drawn.left} links shown:`
        + " those in trouble and the busiest" : "");
    if (!this.#sign(this.current))
      this.#rove(this.nodes.items.keys().next().value ?? null);
  }

  // What is selected, and what the focus is on: that must not go away under it.
  #askedLinks() {
    const asked = this.selection?.link ? [this.selection.link] : [];
    const sign = this.links.items.get(this.current);
    return sign?.root === document.activeElement ? [...asked, sign.link] : asked;
  }

  #layOut(frame) {
    const { rem, size: { width, height } } = this;
    const names = frame.nodes.map(x => x.name);
    const shape = JSON.stringify([width, height, rem, names]);
    if (shape === this.shape)
      return false;
    this.shape = shape;
    this.ring = place(names, width, height, rem);
    this.arcs.clear();
    return true;
  }

  #arc(link, signKey) {
    let arc = this.arcs.get(signKey);
    if (!arc) {
      arc = new Arc(this.ring.at.get(link.from), this.ring.at.get(link.to),
                    this.ring);
      this.arcs.set(signKey, arc);
    }
    return arc;
  }

  #drawLinks({ trouble, calm }, held, now, moved) {
    const links = [...trouble, ...calm];
    const states = new Map();
    for (const link of links) {
      link.key = linkKey(link);
      states.set(link.key, link.state);
    }
    const chosen = this.selection?.link ? linkKey(this.selection.link) : null;
    const signs = this.links.match(links, x => x.key, (sign, link) => {
      const signKey = link.key;
      sign.update(link, {
        key: signKey, now, arc: this.#arc(link, signKey), moved,
        hold: held.get(signKey), ring: this.ring,
        isBuried: isBuried(link, this.model.frame),
        selected: signKey === chosen,
        reverse: link.state === "open" ? null
          : states.get(linkKey({ from: link.to, to: link.from })),
      });
    });
    // In an order that is always the same: to change places would cost a painting.
    const inOrder = list => list.sort((a, b) => a.key < b.key ? -1 : 1)
      .map(x => x.root);
    keepingFocus(() => {
      arrange(this.trouble, inOrder(signs.slice(0, trouble.length)));
      arrange(this.lines, inOrder(signs.slice(trouble.length)));
    });
    arrange(this.bars, signs.filter(x => x.held).map(x => x.bar));
    return signs;
  }

  // Labels stand still for as long as the same links and nodes have one.
  #placeWords(links, nodes, moved) {
    const labelled = links.filter(x => x.lines.length)
      .slice(0, this.ring.crowded ? 8 : 14);
    arrange(this.labels, labelled.map(x => x.label));
    const inside = nodes.filter(x => x.words);
    const set = JSON.stringify([labelled.map(x => [x.key, x.lines.length]),
                                inside.map(x => x.name.textContent)]);
    if (!moved && set === this.labelSet)
      return;
    this.labelSet = set;
    const room = new LabelRoom(this.ring, this.rem * .8,
                               links.map(x => x.arc));
    for (const sign of inside)
      sign.moveWords(room.findInside(sign.place, sign.words));
    for (const sign of labelled)
      sign.moveLabel(room.find(sign.arc, sign.lines));
  }

  #drawNodes(frame, held, now, moved) {
    const inside = new Set(
      frame.holds.filter(x => !x.to).map(x => x.node));
    const waitsFor = new Map();
    for (const { node, to } of held.values())
      waitsFor.set(node, [...(waitsFor.get(node) ?? []), to].sort(byName));
    const signs = this.nodes.match(frame.nodes, x => nodeKey(x.name),
      (sign, node) => sign.update(node, {
        key: nodeKey(node.name), model: this.model, now, moved,
        ring: this.ring, rem: this.rem, inside: inside.has(node.name),
        waitsFor: waitsFor.get(node.name) ?? [],
        selected: this.selection?.node === node.name,
      }));
    arrange(this.points, signs.map(x => x.root));
    return signs;
  }
}

export const nodeKey = name => JSON.stringify(["node", name]);
export const linkKey = ({ from, to }) => JSON.stringify(["link", from, to]);

// Heads of arrows, for each state a large and a small one.
function heads() {
  const head = (state, prefix, size) => makeSvg("marker", {
    id: `${prefix}-${state}`, class: `head ${state}`, viewBox: "0 0 10 10",
    refX: 9, refY: 5, markerWidth: size, markerHeight: size, orient: "auto",
    markerUnits: "userSpaceOnUse",
  }, makeSvg("path", { d: "M0 .8L10 5L0 9.2z" }));
  return makeSvg("defs", {}, ...["none", "applied", "stalled", "lost", "cut"]
    .flatMap(state => [head(state, "head", 9), head(state, "tip", 5)]));
}

// What is not known is hatched.
function hatching() {
  return makeSvg("defs", {},
    makeSvg("pattern", { id: "hatch", width: 6, height: 6,
                         patternUnits: "userSpaceOnUse",
                         patternTransform: "rotate(45)" },
            makeSvg("rect", { width: 6, height: 6, class: "hatch-ground" }),
            makeSvg("path", { d: "M0 0V6", class: "hatch-line" })));
}

function sample(state) {
  const line = state === "held"
    ? [makeSvg("path", { d: "M8 10H34", class: "hold" }),
       makeSvg("path", { d: "M8 3V17", class: "hold-bar" })]
    : [makeSvg("path", { d: "M2 10H34", class: `link ${state} w3`,
                         "marker-end": `url(#head-${state})` })];
  return makeSvg("svg", { viewBox: "0 0 40 20", class: "sample",
                          "aria-hidden": "true" }, ...line);
}
