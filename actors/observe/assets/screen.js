// When views draw: once for many changes, in step with the screen, and only what
// can be seen. A hidden tab draws nothing, and catches up when it is shown.

/**
 * A view has `root`, an element, and `render(at)`; it draws while `root` (or, if it
 * has one, `sight`) is on the screen, or `isAlwaysSeen`. Until then it stays marked.
 * A view with `pauseMs` draws no more often, unless `isUrgent`.
 */
export class Screen {
  #views = new Map();      // view -> { marked, visible, drawn }
  #frame = 0;
  #sight = new IntersectionObserver(entries => {
    for (const entry of entries)
      for (const [view, at] of this.#views)
        if ((view.sight ?? view.root) === entry.target)
          at.visible = entry.isIntersecting;
    this.#ask();
  });

  constructor() {
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  add(view) {
    this.#views.set(view, { marked: true, visible: true, drawn: -Infinity });
    if (!view.isAlwaysSeen)
      this.#sight.observe(view.sight ?? view.root);
    this.#ask();
  }

  mark(...views) {
    for (const view of views)
      this.#views.get(view).marked = true;
    this.#ask();
  }

  markAll() {
    this.mark(...this.#views.keys());
  }

  // It is marked again by the next frame, or drawn with it.
  #rests(view, { drawn }, at) {
    return view.pauseMs > 0 && !view.isUrgent && at - drawn < view.pauseMs;
  }

  #ask() {
    if (this.#frame || document.hidden)
      return;
    for (const at of this.#views.values()) {
      if (at.marked && at.visible) {
        this.#frame = requestAnimationFrame(() => this.#draw());
        return;
      }
    }
  }

  #draw() {
    this.#frame = 0;
    if (document.hidden)
      return;
    const at = performance.now();
    for (const [view, state] of this.#views) {
      if (!state.marked || !state.visible || this.#rests(view, state, at))
        continue;
      state.marked = false;
      state.drawn = at;
      view.isUrgent = false;
      view.render(at);
    }
  }
}
