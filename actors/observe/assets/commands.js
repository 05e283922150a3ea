// Commands to the node, and what became of them. Nothing is taken for done before
// the node says so; what is not answered is said to be not known.

import { make, text } from "./dom.js";
import { answerLimitMs, resultShownMs, resultsMax, startLimitMs }
  from "./limits.js";

export class Commands {
  #waiting = new Map();     // id -> { note, timer }
  #next = 1;

  /** `send(message)` returns whether the message left. */
  constructor(root, send) {
    this.root = root;
    this.send = send;
  }

  run(message, words) {
    const id = this.#next++;
    const note = this.#note();
    say(note, "waiting", `${words}: waiting for the answer.`);
    if (!this.send({ ...message, id }))
      return this.#end(note, "bad", `${words}: not sent, there is no connection.`);
    const limit = message.do === "start" ? startLimitMs : answerLimitMs;
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      this.#end(note, "bad", `${words}: no answer within `
        + `${limit / 1000} s. It is not known whether it was done.`);
    }, limit);
    this.#waiting.set(id, { note, timer, words });
  }

  answered({ id, ok, text: words }) {
    const found = this.#waiting.get(id);
    if (!found)
      return;
    this.#waiting.delete(id);
    clearTimeout(found.timer);
    this.#end(found.note, ok ? "good" : "bad", words || (ok ? "Done." : "Failed."));
  }

  /** The connection is lost, and with it the answers. */
  lose() {
    for (const { note, timer, words } of this.#waiting.values()) {
      clearTimeout(timer);
      this.#end(note, "bad", `${words}: the connection was lost. It is not `
        + "known whether it was done.");
    }
    this.#waiting.clear();
  }

  #note() {
    const words = make("span");
    const close = make("button", { type: "button", class: "quiet",
                                   "aria-label": "Dismiss this result" }, "×");
    const note = make("p", {}, make("span", { class: "mark",
                                              "aria-hidden": "true" }),
                      words, close);
    close.addEventListener("click", () => note.remove());
    this.root.append(note);
    while (this.root.children.length > resultsMax)
      this.root.firstElementChild.remove();
    return note;
  }

  // A success goes by itself (it is in the events as well), unless somebody is
  // reading it; an error stays.
  #end(note, outcome, words) {
    say(note, outcome, words);
    if (outcome !== "good")
      return;
    const leave = () => {
      if (note.matches(":hover, :focus-within"))
        setTimeout(leave, 1000);
      else
        note.remove();
    };
    setTimeout(leave, resultShownMs);
  }
}

const marks = { waiting: "…", good: "✓", bad: "✗" };

function say(note, outcome, words) {
  note.dataset.outcome = outcome;
  text(note.firstElementChild, marks[outcome]);
  text(note.children[1], words);
}
