// Buttons to play with: write records, cause a fault, end it again, and see what the product says.
import { h, render } from "./dom.js";
import { clock, sign } from "./format.js";
import { post } from "./server.js";

// By part: what the button does while the part is on, and while it is off.
const SWITCHES = [
  { part: "vantiq", state: "vantiq", on: ["stop-vantiq", "Stop Vantiq"], off: ["start-vantiq", "Start Vantiq"], hint: "Records wait in Kafka and nothing is lost." },
  { part: "broker", state: "broker", on: ["stop-broker", "Stop broker 2"], off: ["start-broker", "Start broker 2"], hint: "The probes name broker, stage and cause; records go on." },
  { part: "vantiq", state: "token", on: ["refuse-token", "Refuse the token"], off: ["store-token", "Store the new token"], hint: "Vantiq answers 401; the problem names the secret." },
  { part: "mapping", state: "mapping", on: ["disable-mapping", "Disable mapping"], off: ["enable-mapping", "Enable mapping"], hint: "Lambda stops reading the topic; records wait." },
  { part: "password", state: "password", on: ["rotate-password", "Rotate the password"], off: ["store-password", "Store the old password"], hint: "The secret changes, the cluster does not: the probes fail at sasl." },
];
const PLAIN = [
  { part: "records", action: ["write-records", "Write records"], hint: "200 sensor readings." },
  { part: "records", action: ["write-poison", "Send a poison record"], hint: "Vantiq refuses it; it becomes a dead letter." },
  { part: "records", action: ["accept-poison", "Accept poison records"], hint: "Vantiq's side is corrected: a replay now succeeds." },
  { part: "probe", action: ["probe", "Probe now"], hint: "Both probes, every broker, stage by stage." },
  { part: "topics", action: ["change-topic", "Change a topic by hand"], hint: "The plan below shows the difference; apply it." },
];
const NAMES = Object.fromEntries([...PLAIN.map(({ action }) => action), ...SWITCHES.flatMap(({ on, off }) => [on, off])]);
const SHOWN = 5;
let refused = "";

export function showFaults(state, again) {
  const faults = state.sources.faults?.value ?? {};
  const running = state.actions.filter((outcome) => !outcome.ended);
  render("try-buttons", { faults, running: running.map(({ name, part }) => [name, part]), refused }, () => [
    h("ul", { class: "switches" }, PLAIN.map((entry) => item(entry, entry.action, "", running, again)), SWITCHES.map((entry) => switchItem(entry, faults, running, again))),
    refused ? h("p", { role: "alert" }, `✗ ${refused}`) : null,
  ]);
  log(state.actions);
}

// The newest first. Only what is new or has changed is touched: a screen reader reads each change out, once.
function log(outcomes) {
  const list = document.getElementById("try-log");
  const latest = outcomes.slice(-SHOWN);
  const keys = latest.map((entry) => `${entry.name} ${entry.began}`);
  for (const child of [...list.children]) {
    if (!keys.includes(child.dataset.entry)) child.remove();
  }
  latest.forEach((entry, index) => {
    let child = [...list.children].find((candidate) => candidate.dataset.entry === keys[index]);
    if (!child) {
      child = h("li", { "data-entry": keys[index] });
      list.prepend(child);
    }
    const text = outcomeText(entry);
    if (child.textContent !== text) child.textContent = child.title = text;
  });
}

function switchItem(entry, faults, running, again) {
  const state = faults[entry.state] ?? "unknown";
  const off = state === "off";
  const mark = { on: "✓ on", off: "✗ off", unknown: "? unknown" }[state];
  return item(entry, off ? entry.off : entry.on, mark, running, again);
}

function item({ part, hint }, [action, label], mark, running, again) {
  const busy = running.find((outcome) => outcome.part === part);
  const button = h("button", { type: "button", "data-key": `try-${part}-${hint}`, "aria-disabled": Boolean(busy), class: mark.startsWith("✗") ? "primary" : null },
    busy?.name === action ? `${label} ...` : label);
  button.addEventListener("click", () => (busy ? null : start(action, again)));
  return h("li", {}, button, mark ? h("span", { class: "mark" }, mark) : null, h("span", { class: "quiet" }, hint));
}

async function start(action, again) {
  try {
    refused = "";
    await post(`/api/actions/${action}`);
  } catch (error) {
    refused = error.message;
  }
  again();
}

function outcomeText({ name, began, ended, ok, text }) {
  const label = NAMES[name] ?? name;
  if (!ended) return `… ${clock(began)} ${label}: in progress`;
  return `${sign(ok ? "ok" : "bad")} ${clock(ended)} ${label}: ${text}`;
}
