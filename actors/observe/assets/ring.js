// Where nodes stand and how links run between them. Numbers only, in pixels.

import { fewNodesMax } from "./limits.js";

/**
 * Places nodes on an ellipse in a box. `rem` is the size of text, so that a
 * larger text gets more room. { crowded, radius, at: Map(name -> {x, y, dx, dy}) }
 * with dx, dy the direction from the centre.
 */
export function place(names, width, height, rem) {
  const count = names.length;
  const crowded = count > fewNodesMax;
  const room = Math.min(width, height);
  const radius = count <= 5 ? Math.min(2.3 * rem, room / 8)
    : count <= fewNodesMax ? Math.min(1.7 * rem, room / 10)
    : Math.max(.32 * rem, Math.min(.8 * rem, room * 1.1 / count));
  // In a crowd, names stand outside like rays and take their length.
  const letters = Math.min(10, Math.max(...names.map(x => x.length)));
  const ray = (letters * .44 + .6) * rem;
  const aside = crowded ? ray : Math.min(3.2 * rem, width / 9);
  const above = crowded ? ray : 2.9 * rem;
  const w = Math.max(1, Math.min(width / 2 - radius - aside, height)) * 2;
  const h = Math.max(1, height / 2 - radius - above) * 2;
  const turn = count === 2 ? Math.PI : -Math.PI / 2;
  const rays = names.map((_, i) => {
    const angle = turn + 2 * Math.PI * i / count;
    return { dx: Math.cos(angle), dy: Math.sin(angle) };
  });
  const fit = (key, from, size) => {
    const values = rays.map(ray => ray[key]);
    const low = Math.min(...values), span = Math.max(...values) - low;
    return ray => span < .01 ? from + size / 2
                             : from + (ray[key] - low) / span * size;
  };
  // The ring fills the box, also one of three nodes, which is not a circle's.
  const x = fit("dx", (width - w) / 2, w), y = fit("dy", (height - h) / 2, h);
  const at = new Map(names.map((name, i) => {
    const ray = rays[i];
    return [name, { x: x(ray), y: y(ray), dx: ray.dx,
                    dy: count === 1 ? 1 : ray.dy }];
  }));
  return { crowded, radius, width, height, at,
           // Whether labels may have several lines.
           roomy: count <= 4 && width >= 34 * rem };
}

/** A curve from node to node, on the right of the straight way. */
export class Arc {
  constructor(from, to, ring) {
    const { x: x1, y: y1 } = from, { x: x2, y: y2 } = to;
    const length = Math.hypot(x2 - x1, y2 - y1) || 1;
    const nx = -(y2 - y1) / length, ny = (x2 - x1) / length;
    const bend = ring.crowded ? Math.min(14, length / 8)
                              : Math.min(46, length / 5);
    // In a crowd, links lean to the centre and leave the rim to the names.
    const pull = ring.crowded ? .45 : 0;
    const cx = (x1 + x2) / 2, cy = (y1 + y2) / 2;
    this.control = {
      x: cx + (ring.width / 2 - cx) * pull + nx * bend,
      y: cy + (ring.height / 2 - cy) * pull + ny * bend,
    };
    const gap = ring.radius + (ring.crowded ? 2 : 6);
    this.start = towards(from, this.control, gap);
    this.end = towards(to, this.control, gap + (ring.crowded ? 1 : 3));
    const n = p => `${p.x.toFixed(1)} ${p.y.toFixed(1)}`;
    this.path = `M${n(this.start)}Q${n(this.control)} ${n(this.end)}`;
  }

  /** The point at a share of the way, 0 to 1. */
  point(t) {
    const s = 1 - t;
    const mix = key => s * s * this.start[key] + 2 * s * t * this.control[key]
      + t * t * this.end[key];
    return { x: mix("x"), y: mix("y") };
  }

  /** The direction to the right of the way there. */
  normal(t) {
    const a = this.point(Math.max(0, t - .05)), b = this.point(t + .05);
    const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    return { x: -(b.y - a.y) / length, y: (b.x - a.x) / length };
  }

  /** A short bar across the start: the sign of who is held. */
  bar(half) {
    const { x, y } = this.start;
    const length = Math.hypot(this.control.x - x, this.control.y - y) || 1;
    const px = -(this.control.y - y) / length * half;
    const py = (this.control.x - x) / length * half;
    return `M${(x + px).toFixed(1)} ${(y + py).toFixed(1)}`
      + `L${(x - px).toFixed(1)} ${(y - py).toFixed(1)}`;
  }
}

function towards(from, to, distance) {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const share = Math.min(distance, length / 2) / length;
  return { x: from.x + (to.x - from.x) * share,
           y: from.y + (to.y - from.y) * share };
}

// Shares of the way and sides of it, the best first: outside the bend.
const places = [.5, .4, .6, .3, .7].flatMap(
  t => [[t, 1, 9], [t, -1, 9]]);
const farPlaces = [6, 20, 36].flatMap(
  gap => [.5, .35, .65].flatMap(t => [[t, 1, gap], [t, -1, gap]]));

/** Whether the words of a node stand above it. */
export function wordsAbove({ dy }) {
  return dy < -.35;
}

/**
 * Finds room for labels: each keeps clear of nodes, of the words at them, of the
 * labels before it, and, if it can, of the lines.
 */
export class LabelRoom {
  constructor(ring, rem, arcs) {
    this.ring = ring;
    this.rem = rem;
    const r = ring.radius;
    this.taken = [];
    for (const p of ring.at.values()) {
      this.#take(p.x - r, p.y - r, 2 * r, 2 * r);
      if (!ring.crowded)
        this.#take(p.x - 5 * rem, wordsAbove(p) ? p.y - r - 2.8 * rem : p.y + r,
                   10 * rem, 2.8 * rem);
    }
    for (const arc of ring.crowded ? [] : arcs) {
      for (let t = .05; t < 1; t += .1) {
        const p = arc.point(t);
        this.#take(p.x - 3, p.y - 3, 6, 6);
      }
    }
  }

  #take(left, top, width, height) {
    this.taken.push({ left, top, right: left + width, bottom: top + height });
  }

  /** Where the words of a node in a crowd may stand: inwards from it. */
  findInside({ x, y, dx, dy }, words) {
    const width = .62 * this.rem * words.length, height = 1.1 * this.rem;
    let best = null;
    for (let step = 0; step < 12; ++step) {
      const far = this.ring.radius + this.rem * (1 + .8 * step);
      const left = Math.max(0, Math.min(this.ring.width - width,
        x - dx * (far + width / 2) - width / 2));
      const top = y - dy * far - height / 2;
      const box = { left, top, right: left + width, bottom: top + height };
      const cover = this.#cover(box);
      if (!best || cover < best.cover)
        best = { cover, box };
      if (!cover)
        break;
    }
    this.taken.push(best.box);
    return { x: best.box.left + width / 2, y: best.box.top + height * .75 };
  }

  /** Where beside the arc the middle of a label of `lines` may stand. */
  find(arc, lines) {
    const width = .66 * this.rem * Math.max(...lines.map(x => x.length));
    const height = 1.15 * this.rem * lines.length;
    let best = null;
    for (const [t, side, gap] of this.ring.crowded ? farPlaces : places) {
      const p = arc.point(t), n = arc.normal(t);
      const away = side * (Math.abs(n.x) * width / 2
        + Math.abs(n.y) * height / 2 + gap);
      const half = width / 2 + 2;
      const x = Math.max(half, Math.min(this.ring.width - half,
                                        p.x + n.x * away));
      const y = p.y + n.y * away;
      const box = { left: x - half, right: x + half,
                    top: y - height / 2, bottom: y + height / 2 };
      const cover = this.#cover(box);
      if (!best || cover < best.cover)
        best = { cover, box, x, y };
      if (!cover)
        break;
    }
    this.taken.push(best.box);
    return { x: best.x, y: best.y };
  }

  #cover(box) {
    let sum = 0;
    for (const other of this.taken) {
      const w = Math.min(box.right, other.right) - Math.max(box.left, other.left);
      const h = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
      if (w > 0 && h > 0)
        sum += w * h;
    }
    return sum;
  }
}
