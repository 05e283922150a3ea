// What the node says, read with suspicion. A message that is not as agreed upon
// becomes an error that names the place; it never becomes a half-read frame.

import * as limits from "./limits.js";

export class MessageError extends Error {}

function fail(where, what) {
  throw new MessageError(`${where} ${what}`);
}

/** The error, in a place that is inside another. */
function within(where, error) {
  if (!(error instanceof MessageError))
    return error;
  const inside = error.message.startsWith(" ") ? "" : ".";
  return new MessageError(where + inside + error.message);
}

const text = (value, where) => {
  if (typeof value !== "string")
    fail(where, "is not a text");
  return value.length <= limits.textCharactersMax
    ? value : `${value.slice(0, limits.textCharactersMax)}…`;
};
const number = (value, where) => typeof value === "number"
  && Number.isFinite(value) ? value : fail(where, "is not a number");
const truth = (value, where) => typeof value === "boolean"
  ? value : fail(where, "is neither true nor false");
const id = (value, where) => typeof value === "number"
  || typeof value === "string" ? value : fail(where, "is not an id");

// A value that a node may not have: absent and null are the same.
const maybe = (check, otherwise = null) => (value, where) =>
  value === undefined || value === null ? otherwise : check(value, where);

const oneOf = (...names) => (value, where) => names.includes(value)
  ? value : fail(where, `is ${JSON.stringify(value)}, not one of ${names}`);

const record = shape => {
  const names = Object.keys(shape), checks = Object.values(shape);
  return (value, where) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      fail(where, "is not an object");
    // In place: what JSON.parse made is nobody else's.
    for (let i = 0; i < names.length; ++i) {
      const name = names[i], given = value[name];
      const read = checks[i](given, name);
      if (read !== given)
        value[name] = read;
    }
    return value;
  };
};

// An item's field says its name only; the list adds its own when it fails, so
// that the many that do not fail build no texts.
const list = (check, most) => (value, where) => {
  if (!Array.isArray(value))
    fail(where, "is not a list");
  const missing = Math.max(0, value.length - most);
  value.length -= missing;
  let i = 0;
  try {
    for (; i < value.length; ++i)
      value[i] = check(value[i], "");
  } catch (error) {
    throw within(`${where}[${i}]`, error);
  }
  value.missing = missing;
  return value;
};

const amount = maybe(number, NaN);
const texts = maybe(list(text, limits.nodesMax), []);

const node = record({
  name: text, state: oneOf("up", "suspected", "down", "left", "unknown"),
  age_ms: maybe(number), since: maybe(number), endpoint: maybe(text, ""),
  roles: texts, in_bps: amount, out_bps: amount, msgs_ps: amount,
  requests_ps: amount, queued_bytes: amount, queued_messages: amount,
  connections: amount, pressed: amount, loop_busy: amount, rss: amount,
  slow_bps: maybe(number, 0), p50_us: amount, p99_us: amount,
});

const link = record({
  from: text, to: text, state: oneOf("open", "lost", "cut"),
  pressure: oneOf("none", "applied", "stalled"), since: maybe(number),
  queued: amount, unit: maybe(oneOf("messages", "bytes"), "messages"),
  msgs_ps: amount, bps: amount,
});

const hold = record({
  node: text, held: text, holder: text, since_ms: maybe(number, 0),
  queued: amount, unit: maybe(oneOf("messages", "bytes"), "messages"),
  to: maybe(text),
});

const row = record({
  node: text, kind: oneOf("connection", "actor", "channel"), id,
  name: maybe(text, ""), local: maybe(text, ""), remote: maybe(text, ""),
  state: maybe(text, ""), pressed: maybe(truth, false), queued: amount,
  peak: amount, unit: maybe(oneOf("messages", "bytes"), "messages"),
  pressure_ms: amount, applied: amount, rejected: amount, in_bps: amount,
  out_bps: amount,
});

const event = record({
  at: number, seq: number, node: maybe(text, ""), kind: text,
  severity: maybe(oneOf("info", "warn", "bad"), "info"), text,
});

const frame = record({
  now: number, nodes: list(node, limits.nodesMax),
  links: maybe(list(link, limits.linksMax), []),
  holds: maybe(list(hold, limits.holdsMax), []),
  rows: maybe(list(row, limits.rowsMax), []),
});

const hello = record({
  cluster: text, node: text, now: number, interval_ms: maybe(number, 500),
  controls: texts,
  marks: maybe(record({ queued_messages: amount, queued_bytes: amount }), {}),
  history: maybe(list(frame, limits.historyFramesMax), []),
  events: maybe(list(event, limits.eventsMax), []),
});

const result = record({ id, ok: truth, text });

const kinds = { hello, frame, event, result };

/** The message in `data`, checked; throws MessageError. */
export function readMessage(data) {
  if (typeof data !== "string")
    fail("a message", "is not a text");
  if (data.length > limits.messageCharactersMax)
    fail("a message", `has ${data.length} characters, more than `
      + limits.messageCharactersMax);
  let value;
  try {
    value = JSON.parse(data);
  } catch (error) {
    fail("a message", `is not JSON: ${error.message}`);
  }
  const type = value?.type;
  if (!Object.hasOwn(kinds, String(type)))
    fail("a message", `has the unknown type ${JSON.stringify(type)}`);
  try {
    return kinds[type](value, "");
  } catch (error) {
    throw within(type, error);
  }
}
