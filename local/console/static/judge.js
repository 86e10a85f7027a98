// What the numbers mean, each as {state, word}: state is ok, warn, bad, none (nothing to judge) or unknown.
import { duration, plural } from "./format.js";

// The time between two commits, and between two measurements.
const UNDER_WAY_SECONDS = 15;
const LATE_SECONDS = 60;

export function arriving({ written, finished, waiting, late }) {
  if (waiting === null || finished === null) return { state: "unknown", word: "Not measured" };
  if (finished > 0) return { state: late > LATE_SECONDS ? "warn" : "ok", word: late > LATE_SECONDS ? "Records arrive, late" : "Records arrive" };
  if (waiting === 0) return { state: "none", word: written > 0 ? "Nothing to deliver" : "Nothing is being written" };
  if (late <= UNDER_WAY_SECONDS) return { state: "ok", word: "On the path" };
  return { state: "bad", word: "No record arrives" };
}

export function lateness(late) {
  if (late === null) return { state: "unknown", word: "Not measured" };
  if (late <= UNDER_WAY_SECONDS) return { state: "ok", word: "In step" };
  return late <= LATE_SECONDS ? { state: "warn", word: "Falling behind" } : { state: "bad", word: "Late" };
}

export function waiting(records, late) {
  if (records === null) return { state: "unknown", word: "Not measured" };
  if (records === 0) return { state: "ok", word: "None waits" };
  if (late <= UNDER_WAY_SECONDS) return { state: "ok", word: "On the path" };
  return { state: late <= LATE_SECONDS ? "warn" : "bad", word: `The oldest for ${duration(late)}` };
}

export function setAside(letters) {
  if (letters === null) return { state: "unknown", word: "Not read yet" };
  if (letters === 0) return { state: "ok", word: "None" };
  return { state: "warn", word: `${plural(letters, "dead letter")} to look at` };
}

const HEALTH = {
  healthy: { state: "ok", word: "HEALTHY" },
  degraded: { state: "warn", word: "DEGRADED" },
  down: { state: "bad", word: "DOWN" },
  unknown: { state: "unknown", word: "UNKNOWN" },
};

export function health(name) {
  return HEALTH[name] ?? HEALTH.unknown;
}

const SEVERITIES = { error: { state: "bad", word: "Error" }, warning: { state: "warn", word: "Warning" }, note: { state: "unknown", word: "Note" } };

export function severity(name) {
  return SEVERITIES[name] ?? SEVERITIES.note;
}

const TOPIC_STATES = {
  "in-step": { state: "ok", word: "in step" },
  idle: { state: "ok", word: "idle" },
  behind: { state: "warn", word: "behind" },
  failing: { state: "bad", word: "failing" },
  "not-polling": { state: "bad", word: "not polling" },
  unknown: { state: "unknown", word: "unknown" },
};

// The measurement is ahead of the logs: a topic that waits is not in step, whatever was last reported.
export function topicState(name, late = 0) {
  const reported = TOPIC_STATES[name] ?? TOPIC_STATES.unknown;
  return reported.state === "ok" && late > UNDER_WAY_SECONDS ? { state: "warn", word: "waiting" } : reported;
}

// The same for the whole path: where no record arrives, that is said even before something has reported why.
export function overall(status, now) {
  const reported = health(status?.health);
  if (arriving(now).state !== "bad" || reported.state === "bad") return reported;
  const explained = status?.problems?.some((problem) => problem.severity === "error");
  return explained ? { ...reported, state: "bad" } : { state: "bad", word: "WAITING" };
}
