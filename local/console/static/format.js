// Numbers and times for people. Times are UTC, as in the logs and mails.

const UNKNOWN = "?";
const SIGNS = { ok: "✓", warn: "!", bad: "✗", none: "-", unknown: "?" };

export function sign(state) {
  return SIGNS[state] ?? UNKNOWN;
}

export function count(number) {
  return number === null || number === undefined ? UNKNOWN : number.toLocaleString("en-US");
}

export function plural(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export function rate(perSecond) {
  if (perSecond === null || perSecond === undefined) return UNKNOWN;
  if (perSecond > 0 && perSecond < 0.1) return "<0.1/s";
  if (perSecond > 0 && perSecond < 10) return `${perSecond.toFixed(1)}/s`;
  return `${count(Math.round(perSecond))}/s`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return UNKNOWN;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

// A moment as ISO 8601 or in seconds since 1970, to milliseconds since 1970.
function milliseconds(at) {
  return typeof at === "number" ? at * 1000 : Date.parse(at);
}

export function clock(at) {
  const iso = new Date(milliseconds(at)).toISOString();
  const today = new Date().toISOString().slice(0, 10);
  return `${iso.slice(0, 10) === today ? "" : `${iso.slice(0, 10)} `}${iso.slice(11, 19)} UTC`;
}

// A moment, with its age beside it; the age is kept up to date without building anything again.
export function moment(at, { ageOnly = false } = {}) {
  const element = document.createElement("time");
  const value = milliseconds(at);
  element.dateTime = new Date(value).toISOString();
  element.title = clock(at);
  element.dataset.at = String(value);
  if (!ageOnly) element.dataset.clock = clock(at);
  age(element);
  return element;
}

function age(element) {
  const text = `${duration(Math.max(0, (Date.now() - Number(element.dataset.at)) / 1000))} ago`;
  const whole = element.dataset.clock ? `${element.dataset.clock} (${text})` : text;
  if (element.textContent !== whole) element.textContent = whole;
}

export function keepAgesCurrent() {
  setInterval(() => document.querySelectorAll("time[data-at]").forEach(age), 1000);
}
