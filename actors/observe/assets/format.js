// Numbers, durations and times for people. Every value that is not known is "–".

export const none = "–";

const groups = /\B(?=(\d{3})+$)/g;

/** A whole number with commas: 12,345. */
export function whole(n) {
  return known(n) ? String(Math.round(n)).replace(groups, ",") : none;
}

export function known(n) {
  return typeof n === "number" && Number.isFinite(n);
}

const steps = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** At most three digits and a letter: 950, 1.2k, 34k, 5.6M. */
export function short(n) {
  if (!known(n))
    return none;
  for (const [size, letter] of steps) {
    if (Math.abs(n) >= size * .9995) {
      const value = n / size;
      return (value < 9.95 ? value.toFixed(1).replace(/\.0$/, "")
                           : value.toFixed(0)) + letter;
    }
  }
  return Math.abs(n) < 9.95 && n % 1 !== 0 ? n.toFixed(1) : n.toFixed(0);
}

export function bytes(n) {
  return known(n) ? `${short(n)}B`.replace(/(\d)([kMGB])/, "$1 $2") : none;
}

export function perSecond(n) {
  return known(n) ? `${bytes(n)}/s` : none;
}

export function percent(share) {
  return known(share) ? `${Math.round(share * 100)} %` : none;
}

export function amount(n, unit) {
  if (unit === "bytes")
    return bytes(n);
  return known(n) ? `${whole(n)} ${n === 1 ? unit.replace(/s$/, "") : unit}`
                  : none;
}

/** A duration in milliseconds: 4 s, 3 min, 2 h, 5 d. */
export function duration(ms) {
  if (!known(ms))
    return none;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120)
    return `${seconds} s`;
  if (seconds < 7200)
    return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800)
    return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Microseconds: 90 µs, 1.2 ms, 3 s. */
export function latency(us) {
  if (!known(us))
    return none;
  if (us < 1000)
    return `${Math.round(us)} µs`;
  if (us < 1e6)
    return `${short(us / 1000)} ms`;
  return `${short(us / 1e6)} s`;
}

const two = n => String(n).padStart(2, "0");

/** Local time of day with seconds: 12:03:05. */
export function clock(ms) {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The time of day, and the day if that is not today. */
export function moment(ms, now = Date.now()) {
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return at.toDateString() === new Date(now).toDateString()
    ? clock(ms) : `${day} ${clock(ms)}`;
}

const words = ["no", "one", "two", "three", "four", "five", "six", "seven",
               "eight", "nine", "ten", "eleven", "twelve"];

/** A small number as a word: three; 13. */
export function counted(n) {
  return words[n] ?? whole(n);
}

export function plural(n, one, many = `${one}s`) {
  return `${counted(n)} ${n === 1 ? one : many}`;
}

/** a, b and c; the rest as "and 5 more". */
export function listed(names, most = 4) {
  if (names.length > most)
    return `${names.slice(0, most - 1).join(", ")} and `
      + `${names.length - most + 1} more`;
  if (names.length < 2)
    return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const order = new Intl.Collator("en", { numeric: true });

/** n2 stands before n10. */
export const byName = order.compare;
