// The measured points of the last hour, kept by the page and continued with each answer of the server.

const HOUR = 3600;
// Rates are averages over this: records are forwarded in batches.
const RATE_POINTS = 6;
let points = [];

export function newest() {
  return points.at(-1)?.at ?? 0;
}

export function add(more) {
  points = [...points, ...more];
  const start = newest() - HOUR;
  points = points.filter((point) => point.at >= start);
}

export function times() {
  return points.map((point) => point.at);
}

export function topicNames() {
  return Object.keys(points.at(-1)?.topics ?? {});
}

// A topic's values, or the sum (for `lateSeconds`: the greatest) of all topics'; null where one is not known.
export function values(field, topic = null) {
  return points.map((point) => {
    const numbers = topic === null ? Object.values(point.topics).map((entry) => entry[field]) : [point.topics[topic]?.[field]];
    if (!numbers.length || numbers.some((number) => number === null || number === undefined)) return null;
    if (field === "lateSeconds") return Math.max(...numbers);
    return numbers.reduce((sum, number) => sum + number, 0);
  });
}

export function latest(field, topic = null) {
  return values(field, topic).at(-1) ?? null;
}

export function average(field, topic = null) {
  const known = values(field, topic).slice(-RATE_POINTS).filter((value) => value !== null);
  if (!known.length) return null;
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

// Whether the oldest record has waited for longer than the console has measured.
export function lateAtLeast(topic = null) {
  const topics = points.at(-1)?.topics ?? {};
  return topic === null ? Object.values(topics).some((entry) => entry.lateAtLeast) : Boolean(topics[topic]?.lateAtLeast);
}

// All topics now: averages of the rates, and the last waiting and late.
export function now() {
  return { written: average("written"), finished: average("finished"), waiting: latest("waiting"), late: latest("lateSeconds"), lateAtLeast: lateAtLeast() };
}
