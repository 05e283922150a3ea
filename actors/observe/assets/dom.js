// Elements made and changed with no more writes than there are changes: a write
// that changes nothing would still cost style and layout.

const svgSpace = "http://www.w3.org/2000/svg";

/** An element by its id; the page cannot work without it. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found)
    throw new Error(`the page has no #${id}`);
  return found;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes))
    attribute(element, name, value);
  element.append(...children);
  return element;
}

export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function makeSvg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(svgSpace, tag), attributes, children);
}

/** Sets an attribute; null takes it away. */
export function attribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name))
      element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text)
    element.setAttribute(name, text);
}

/** Sets the text, in the text node that is there. */
export function text(element, value) {
  const node = element.firstChild;
  if (!node)
    element.append(value);
  else if (node.nodeValue !== value)
    node.nodeValue = value;
}

export function show(element, shown) {
  if (element.hidden === shown)
    element.hidden = !shown;
}

/** Does `change`; what has the focus, and is still there after it, has it again. */
export function keepingFocus(change) {
  const focused = document.activeElement;
  change();
  if (focused !== document.activeElement && focused?.isConnected)
    focused.focus({ preventScroll: true });
}

/**
 * Makes the children of `parent` the elements of `wanted`, in that order, and
 * moves few of those that are there.
 */
export function arrange(parent, wanted) {
  const kept = new Set(wanted);
  keepingFocus(() => {
    for (const child of [...parent.children])
      if (!kept.has(child))
        child.remove();
    let at = parent.firstElementChild;
    for (const element of wanted) {
      // One that is too early leaves: else all behind it would pass it.
      if (at && at !== element && at.nextElementSibling === element) {
        parent.append(at);
        at = element;
      }
      if (at === element)
        at = at.nextElementSibling;
      else
        parent.insertBefore(element, at);
    }
  });
}

/**
 * One item for each entry, by the entry's key. Items of entries that are gone are
 * used for those that are new, so `update` must write everything; not those that
 * have the focus, which would be on something else then. An item has a `root`.
 */
export class Pool {
  constructor(create) {
    this.create = create;
    this.items = new Map();
  }

  /** Calls `update(item, entry)` for each entry; returns the items in order. */
  match(entries, keyOf, update) {
    const before = this.items;
    const keys = entries.map(keyOf);
    const wanted = new Set(keys);
    const free = [];
    for (const [key, item] of before)
      if (!wanted.has(key) && !item.root.contains(document.activeElement))
        free.push(item);
    this.items = new Map();
    entries.forEach((entry, i) => {
      const item = before.get(keys[i]) ?? free.shift() ?? this.create();
      this.items.set(keys[i], item);
      update(item, entry);
    });
    return [...this.items.values()];
  }
}
