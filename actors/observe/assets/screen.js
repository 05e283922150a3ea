// When views draw: once for many changes, in step with the screen, and only what
// can be seen. A hidden tab draws nothing, and catches up when it is shown.

/**
 * A view has `root`, an element, and `render(at)`. `marked` says which views have
 * something new; views off the screen stay marked until they are on it.
 */
export class Screen {
  #views = new Map();      // view -> { marked, visible }
  #frame = 0;
  #sight = new IntersectionObserver(entries => {
    for (const entry of entries)
      for (const [view, at] of this.#views)
        if (view.root === entry.target)
          at.visible = entry.isIntersecting;
    this.#ask();
  }, { rootMargin: "100px" });

  constructor() {
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  add(view, { always = false } = {}) {
    this.#views.set(view, { marked: true, visible: true, always });
    if (!always)
      this.#sight.observe(view.root);
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
    const at = performance.now();
    for (const [view, state] of this.#views) {
      if (!state.marked || !state.visible)
        continue;
      state.marked = false;
      view.render(at);
    }
  }
}
