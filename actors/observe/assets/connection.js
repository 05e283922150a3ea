// The WebSocket to the node: opened, lost, and opened again with growing pauses.

import { deadAfterMs, retryPausesMs } from "./limits.js";

/**
 * Calls `on.opened()`, `on.received(data)` and `on.lost()`; lost is called once
 * for each end, also for an attempt that fails. Attempts go on for ever, at most
 * one at a time.
 */
export class Connection {
  #address;
  #on;
  #socket = null;
  #timer = 0;
  #failures = 0;
  #heardAt = 0;

  constructor(address, on) {
    this.#address = address;
    this.#on = on;
    addEventListener("online", () => this.tryNow());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden)
        this.tryNow();
    });
    // A page that is kept for "back" holds no connection.
    addEventListener("pagehide", () => this.#end());
    addEventListener("pageshow", shown => {
      if (shown.persisted)
        this.tryNow();
    });
  }

  /** Tries at once if it is waiting for the next attempt. */
  tryNow() {
    if (this.#socket)
      return;
    clearTimeout(this.#timer);
    this.#open();
  }

  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN)
      return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Ends a connection, or an attempt, on which nothing has come for long. */
  check(at) {
    if (this.#socket && at - this.#heardAt > deadAfterMs)
      this.#end();
  }

  #open() {
    const socket = new WebSocket(this.#address);
    this.#socket = socket;
    this.#heardAt = performance.now();
    // What an earlier socket says after its end is nobody's.
    const mine = call => event => {
      if (this.#socket === socket)
        call(event);
    };
    socket.onopen = mine(() => this.#on.opened());
    socket.onmessage = mine(event => {
      this.#heardAt = performance.now();
      this.#failures = 0;
      this.#on.received(event.data);
    });
    socket.onclose = mine(() => this.#end());
  }

  #end() {
    const socket = this.#socket;
    if (!socket)
      return;
    this.#socket = null;
    socket.close();
    const last = retryPausesMs.length - 1;
    const pause = retryPausesMs[Math.min(this.#failures++, last)];
    // Up to a quarter more, so that many tabs do not come back at once.
    this.#timer = setTimeout(() => this.tryNow(),
                             pause * (1 + Math.random() / 4));
    this.#on.lost();
  }
}
