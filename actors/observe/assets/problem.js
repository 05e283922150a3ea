// What this page did not understand: the last problem, and how many there were.

import { byId, show, text } from "./dom.js";

export class Problem {
  #root = byId("problem");
  #count = 0;
  #missing = 0;

  constructor() {
    this.#root.querySelector("button").addEventListener("click", () => {
      this.#count = 0;
      show(this.#root, false);
    });
  }

  /** A cluster that is larger than the page shows; said when that changes. */
  sayMissing(nodes, links) {
    const changed = nodes + links > 0 && nodes + links !== this.#missing;
    this.#missing = nodes + links;
    if (changed)
      this.say("The cluster is larger than this page shows: "
        + `${nodes} nodes and ${links} links are left out.`);
  }

  say(words) {
    ++this.#count;
    const times = this.#count > 1 ? ` (${this.#count} such messages so far.)` : "";
    text(this.#root.firstElementChild, words + times);
    show(this.#root, true);
  }
}
