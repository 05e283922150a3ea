// Connections, channels and actors, the most pressed first. While somebody points
// at a row or is in it, rows keep their places: only their values change.

import { Pool, arrange, attribute, make, show, text } from "./dom.js";
import { byName, bytes, duration, known, perSecond, whole }
  from "./format.js";
import { orderPauseMs, rowsHeldMax } from "./limits.js";
import { styleOf } from "./palette.js";
import { swatch } from "./swatch.js";

const size = (n, unit) => unit === "bytes" ? bytes(n)
  : known(n) ? `${whole(n)} msg` : whole(n);

// Each column: its head, how it sorts, what it shows. Numbers sort downwards.
const columns = [
  { id: "node", head: "Node", by: x => x.node },
  { id: "kind", head: "Kind", by: x => x.kind, show: x => x.kind },
  { id: "name", head: "Name", by: x => `${x.name} ${x.id}`,
    show: x => `${x.name} ${x.id}`, title: x => `${x.name} ${x.id}` },
  { id: "peer", head: "Peer", by: x => x.remote, show: x => x.remote,
    title: x => x.remote && `local ${x.local}, remote ${x.remote}` },
  { id: "state", head: "State", by: x => x.state,
    show: x => x.pressed ? `▲ ${x.state}, past its mark` : x.state },
  { id: "queued", head: "Queued", number: true, by: x => x.queued,
    show: x => size(x.queued, x.unit) },
  { id: "peak", head: "Peak", number: true, by: x => x.peak,
    show: x => size(x.peak, x.unit) },
  { id: "pressure", head: "Held for", number: true, by: x => x.pressure_ms,
    show: x => x.pressure_ms ? duration(x.pressure_ms) : "0" },
  { id: "applied", head: "Times", number: true, by: x => x.applied,
    show: x => whole(x.applied) },
  { id: "rejected", head: "Rejected", number: true, by: x => x.rejected,
    show: x => whole(x.rejected) },
  { id: "in", head: "In", number: true, by: x => x.in_bps,
    show: x => perSecond(x.in_bps) },
  { id: "out", head: "Out", number: true, by: x => x.out_bps,
    show: x => perSecond(x.out_bps) },
];

const rowKey = x => JSON.stringify([x.node, x.kind, x.id, x.name]);

export class Table {
  constructor(root, parts, model) {
    this.root = root;
    Object.assign(this, parts);      // table, sight, note, none, node, ...
    this.isResting = true;           // numbers that change more often than once
                                     // a second cannot be read
    this.model = model;
    this.order = { column: "pressed", down: true };
    this.rows = new Pool(() => new Row());
    this.kept = [];                  // rows in their places
    this.orderedAt = -Infinity;
    this.onChange = () => {};
    this.#buildHead();
    this.body = this.table.tBodies[0];
    this.node.addEventListener("change", () => this.#changed());
    this.filter.addEventListener("input", () => this.#changed());
    this.sort.addEventListener("change",
                               () => this.#sortBy(this.sort.value));
    this.body.addEventListener("pointerover", event => {
      const row = event.target.closest("tr");
      for (const item of this.rows.items.values())
        if (item.root === row)
          item.explain();
    });
    for (const name of ["pointerleave", "focusout"])
      this.body.addEventListener(name, () => this.onChange());
  }

  #buildHead() {
    this.heads = columns.map(column => {
      const button = make("button", { type: "button", class: "quiet" },
                          column.head);
      button.addEventListener("click", () => this.#sortBy(column.id));
      return make("th", { scope: "col", role: "columnheader",
                          class: column.number ? "number" : null,
                          "data-column": column.id }, button);
    });
    this.table.tHead.append(make("tr", { role: "row" }, ...this.heads));
    this.sort.append(make("option", { value: "pressed" }, "pressure"),
      ...columns.map(x => make("option", { value: x.id },
                               x.head.toLowerCase())));
    this.#showOrder();
  }

  #sortBy(id) {
    const column = columns.find(x => x.id === id);
    const again = this.order.column === id;
    this.order = { column: id,
                   down: again ? !this.order.down : !column || column.number };
    this.#showOrder();
    this.#changed();
  }

  #showOrder() {
    for (const head of this.heads) {
      const own = head.dataset.column === this.order.column;
      attribute(head, "aria-sort",
                own ? this.order.down ? "descending" : "ascending" : null);
    }
    this.sort.value = this.order.column;
  }

  // What the viewer asks for is done at once, wherever the pointer is.
  #changed() {
    this.kept = [];
    this.orderedAt = -Infinity;
    this.onChange();
  }

  get #isHeld() {
    return this.kept.length > 0 && (this.body.matches(":hover")
      || this.body.contains(document.activeElement));
  }

  render(at) {
    const { frame } = this.model;
    if (!frame)
      return;
    this.#fillNodes(frame);
    const wanted = this.#wanted(frame.rows);
    const held = this.#isHeld;
    // Between two orderings rows keep their places as well: what moves about
    // cannot be read.
    const due = at - this.orderedAt > orderPauseMs;
    if (due && !held)
      this.orderedAt = at;
    const rows = this.kept.length && (held || !due)
      ? this.#inPlace(wanted, held) : this.#sorted(wanted);
    this.kept = rows;
    const elements = this.rows.match(rows, rowKey,
      (item, row) => item.update(row, this.model)).map(x => x.root);
    arrange(this.body, elements);
    show(this.none, !rows.length);
    text(this.none, frame.rows.length ? "Nothing matches the filter."
                                      : "Nothing is reported.");
    const pressed = wanted.filter(x => x.pressed).length;
    text(this.note, `${whole(wanted.length)} shown, `
      + `${whole(pressed)} past a mark${held ? "; order held while you are here"
                                             : ""}`);
  }

  #wanted(rows) {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const node = this.node.value;
    return rows.filter(x => {
      if (node && x.node !== node)
        return false;
      const all = [x.node, x.kind, x.name, x.id, x.local, x.remote, x.state,
                   x.pressed ? "past its mark" : ""].join(" ").toLowerCase();
      return words.every(word => all.includes(word));
    });
  }

  #sorted(rows) {
    const sign = this.order.down ? -1 : 1;
    const column = columns.find(x => x.id === this.order.column);
    const numeric = (a, b) => (known(a) ? a : -1) - (known(b) ? b : -1);
    const compare = !column
      ? (a, b) => sign * (a.pressed - b.pressed || numeric(a.queued, b.queued)
                          || numeric(a.pressure_ms, b.pressure_ms))
      : column.number ? (a, b) => sign * numeric(column.by(a), column.by(b))
      : (a, b) => sign * byName(column.by(a), column.by(b));
    // Equals stand by name, so that they do not change places.
    const name = new Map(rows.map(x => [x, rowKey(x)]));
    return [...rows].sort((a, b) => compare(a, b)
      || byName(name.get(a), name.get(b)));
  }

  // The rows that are there, then the new ones; to a reader, those gone say so.
  #inPlace(wanted, held) {
    const fresh = new Map(wanted.map(x => [rowKey(x), x]));
    const rows = this.kept.map(row => {
      const key = rowKey(row);
      const found = fresh.get(key);
      fresh.delete(key);
      return found ?? { ...row, gone: true };
    });
    const late = [...fresh.values()];
    // Without a reader, who is new takes the place of who is gone.
    const full = held ? rows
      : rows.map(x => x.gone ? late.shift() : x).filter(Boolean);
    return [...full, ...late].slice(0, rowsHeldMax);
  }

  #fillNodes(frame) {
    const names = frame.nodes.map(x => x.name);
    const key = JSON.stringify(names);
    if (key === this.nodeKey)
      return;
    this.nodeKey = key;
    const chosen = this.node.value;
    this.node.replaceChildren(
      ...["", ...names].map(x => make("option", { value: x }, x || "all")));
    this.node.value = names.includes(chosen) ? chosen : "";
  }
}

class Row {
  constructor() {
    this.cells = columns.map(x => make("td", {
      role: "cell", "data-head": x.head, "data-column": x.id,
      class: x.number ? "number" : null }));
    this.name = make("span");
    this.swatch = swatch();
    this.cells[0].append(this.swatch.root, this.name);
    this.root = make("tr", { role: "row" }, ...this.cells);
  }

  update(row, model) {
    this.row = row;
    attribute(this.root, "class",
              row.gone ? "gone" : row.pressed ? "pressed" : null);
    attribute(this.root, "data-row", `${row.node}/${row.kind}/${row.id}`);
    this.swatch.update(styleOf(model, row.node));
    text(this.name, row.node);
    columns.forEach((column, i) => {
      if (!column.show)
        return;
      const value = row.gone && column.id === "state" ? "gone"
        : column.show(row);
      text(this.cells[i], value);
      attribute(this.cells[i], "data-empty", value === "");
    });
  }

  /** Titles are for the pointer, and made when it comes. */
  explain() {
    columns.forEach((column, i) => {
      if (column.title)
        attribute(this.cells[i], "title", column.title(this.row) || null);
    });
  }
}
