// A question before something is done that others will notice.

import { attribute, byId, text } from "./dom.js";

export class Confirm {
  #dialog = byId("confirm");
  #answer = null;

  constructor() {
    this.#dialog.addEventListener("close", () => {
      const answer = this.#answer;
      this.#answer = null;
      answer?.(this.#dialog.returnValue === "yes");
    });
  }

  /** Resolves to whether it is to be done. Only one question at a time. */
  ask({ title, sentence, action, isDangerous }) {
    if (this.#dialog.open)
      return Promise.resolve(false);
    text(byId("confirm-title"), title);
    text(byId("confirm-text"), sentence);
    const yes = byId("confirm-yes"), cancel = byId("confirm-cancel");
    text(yes, action);
    attribute(yes, "class", isDangerous ? "danger" : "primary");
    this.#dialog.returnValue = "cancel";
    this.#dialog.showModal();
    (isDangerous ? cancel : yes).focus();
    return new Promise(resolve => { this.#answer = resolve; });
  }

  /** What it asked about can no longer be done. */
  withdraw() {
    if (this.#dialog.open)
      this.#dialog.close("cancel");
  }
}
