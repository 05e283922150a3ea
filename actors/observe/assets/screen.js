// When views draw: once for many changes, in step with the screen, and only what
// can be seen. A hidden tab draws nothing, and catches up when it is shown.

import { calmPauseMs, calmRestMs } from "./limits.js";

/**
 * A view has `root`, an element, and `render(at)`; it draws while `root` (or, if it
 * has one, `sight`) is on the screen, or `isAlwaysSeen`. Until then it stays marked.
 *
 * A rendering of the screen costs more than what changes in it. So views that are
 * `isResting` draw together, about once a second, unless they are hurried.
 */
export class Screen {
  #views = new Map();      // view -> { marked, urgent, visible }
  #frame = 0;
  #timer = 0;              // for what rests, if nothing else comes
  #beat = -Infinity;       // when those that rest drew together
  #sight = new IntersectionObserver(entries => {
    for (const entry of entries)
      for (const [view, at] of this.#views)
        if ((view.sight ?? view.root) === entry.target) {
          at.urgent ||= entry.isIntersecting && !at.visible;
          at.visible = entry.isIntersecting;
        }
    this.#ask();
  });

  constructor() {
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  add(view) {
    this.#views.set(view, { marked: true, urgent: true, visible: true });
    if (!view.isAlwaysSeen)
      this.#sight.observe(view.sight ?? view.root);
    this.#ask();
  }

  /** There is something new to draw, within a second. */
  mark(...views) {
    for (const view of views)
      this.#views.get(view).marked = true;
    this.#ask();
  }

  /** To be drawn with the next rendering of the screen. */
  hurry(...views) {
    for (const view of views)
      this.#views.get(view).urgent = true;
    this.mark(...views);
  }

  hurryAll() {
    this.hurry(...this.#views.keys());
  }

  #isDue(view, state, at) {
    return state.marked && state.visible && (state.urgent || !view.isResting
                                             || at - this.#beat >= calmPauseMs);
  }

  #ask() {
    if (this.#frame || document.hidden)
      return;
    const at = performance.now();
    const views = [...this.#views];
    if (views.some(([view, state]) => this.#isDue(view, state, at)))
      this.#frame = requestAnimationFrame(() => this.#draw());
    else if (!this.#timer && views.some(([, x]) => x.marked && x.visible))
      this.#timer = setTimeout(() => {
        this.#timer = 0;
        this.#ask();
      }, calmRestMs);
  }

  #draw() {
    this.#frame = 0;
    if (document.hidden)
      return;
    const at = performance.now();
    const due = [...this.#views].filter(x => this.#isDue(...x, at));
    if (at - this.#beat >= calmPauseMs
        && due.some(([view]) => view.isResting)) {
      this.#beat = at;
      clearTimeout(this.#timer);
      this.#timer = 0;
    }
    for (const [view, state] of due) {
      state.marked = state.urgent = false;
      view.render(at);
    }
    this.#ask();
  }
}
