// The probes' last results: brokers by stage. Equal failures are one line below the table.
import { h, link, render } from "./dom.js";
import { moment, sign } from "./format.js";
import * as judge from "./judge.js";

const RESULTS = {
  ok: { state: "ok", word: "ok" },
  warn: { state: "warn", word: "warns" },
  failed: { state: "bad", word: "FAILS" },
  skipped: { state: "none", word: "skipped" },
};
const NOT_RUN = { state: "none", word: "not run" };

export function showBrokers(state) {
  const { value, at, problem } = state.sources.probes ?? {};
  const now = at ?? 0;
  const runs = (value ?? []).map((last) => ({ ...last, seen: last.run ? Math.round(now - last.age_seconds) : null }));
  render("brokers", { runs: runs.map(({ age_seconds, ...rest }) => rest), problem }, (data) => [
    h("h2", { id: "brokers-head" }, "Brokers by stage"),
    data.problem ? h("p", {}, `! ${data.problem}`) : null,
    data.runs.length ? data.runs.map((last, index) => probe(last, data.runs[index - 1])) : h("p", { class: "quiet" }, "Reading the probes' last results ..."),
  ]);
}

// What both probes say is said once.
function probe(last, before) {
  if (!last.run) return h("p", {}, h("b", {}, `${last.probe}: `), notRun(last.why));
  const { verdict, brokers } = last.run;
  const health = judge.health(verdict.status);
  const repeated = verdict.status !== "healthy" && before?.run?.verdict.summary === verdict.summary;
  const stages = [...new Set(brokers.flatMap((broker) => broker.stages.map((result) => result.stage)))];
  return h("div", { class: `probe ${health.state}` },
    h("h3", {}, `${last.probe}: ${sign(health.state)} ${health.word}`, h("span", { class: "quiet" }, " seen ", moment(last.seen, { ageOnly: true }))),
    repeated ? h("p", { class: "quiet" }, "The same as above.") : summary(verdict),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${last.probe}: brokers by stage` }, matrix(brokers, stages)),
    notes(brokers, verdict));
}

function summary(verdict) {
  return [
    h("p", {}, verdict.summary),
    verdict.remedy ? h("p", {}, h("b", {}, "What to do: "), verdict.remedy, " ", verdict.runbook ? link(verdict.runbook, "Runbook") : null) : null,
  ];
}

function notRun(why) {
  return why.startsWith("not yet run") ? "- not yet run. It runs every minute, or with the button “Probe now”." : `? ${why}`;
}

function matrix(brokers, stages) {
  return h("table", { class: "matrix" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Broker"), stages.map((stage) => h("th", { scope: "col" }, stage)))),
    h("tbody", {}, rows(brokers).map((row) => h("tr", {}, h("th", { scope: "row", title: row.address ?? "" }, name(row)), stages.map((stage) => cell(row, stage))))));
}

// As in the dashboard's matrix: of many brokers those without a fault share a row, with the slowest's times.
function rows(brokers) {
  const healthy = brokers.filter((broker) => broker.stages.every((result) => ["ok", "skipped"].includes(result.status)));
  if (brokers.length <= MOST_ROWS || healthy.length < 2) return brokers;
  const slowest = new Map();
  for (const result of healthy.flatMap((broker) => broker.stages)) {
    const before = slowest.get(result.stage);
    if (!before || (result.milliseconds ?? 0) > (before.milliseconds ?? 0)) slowest.set(result.stage, result);
  }
  return [...brokers.filter((broker) => !healthy.includes(broker)), { healthy: healthy.length, stages: [...slowest.values()] }];
}

const LONGEST_HOST = 24;
const MOST_ROWS = 9;

function name(broker) {
  if (broker.healthy) return `${broker.healthy} brokers healthy`;
  const address = shortened(broker.address);
  if (broker.broker === null || broker.broker === undefined) return address;
  return [`broker ${broker.broker}`, h("span", { class: "quiet beside" }, ` ${address}`)];
}

// What follows the first label of a long name is the same for all brokers of a cluster.
function shortened(address) {
  const [host, port] = [address.slice(0, address.lastIndexOf(":")), address.slice(address.lastIndexOf(":"))];
  return host.length > LONGEST_HOST ? `${host.split(".", 1)[0]}…${port}` : address || "not listed";
}

function cell(broker, stage) {
  const result = broker.stages.find((entry) => entry.stage === stage);
  const verdict = result ? RESULTS[result.status] : NOT_RUN;
  const time = result && ["ok", "warn"].includes(result.status) ? ` ${broker.healthy ? "≤ " : ""}${Math.round(result.milliseconds ?? 0)} ms` : "";
  return h("td", { class: verdict.state, title: result?.detail ?? "" }, h("b", {}, `${sign(verdict.state)} ${verdict.word}`), time);
}

// Each failure, warning and skipped stage once, with the brokers that it concerns and the reason.
function notes(brokers, verdict) {
  const groups = new Map();
  for (const broker of brokers) {
    for (const result of broker.stages) {
      if (result.status === "ok") continue;
      const text = reason(result);
      const key = `${result.status} ${text} ${result.status === "skipped" ? "" : result.stage}`;
      const group = groups.get(key) ?? { result, text, brokers: new Set(), stages: new Set() };
      group.brokers.add(broker.broker ?? broker.address);
      group.stages.add(result.stage);
      groups.set(key, group);
    }
  }
  const lines = [...groups.values()].map(noteLine);
  lines.push(...(verdict.findings ?? []), ...(verdict.warnings ?? []).map((warning) => `! ${warning}`));
  return lines.length ? h("ul", { class: "notes" }, lines.map((line) => h("li", {}, line))) : null;
}

function reason(result) {
  return [result.cause, result.detail].filter(Boolean).join(": ") || "no reason was given";
}

function noteLine({ result, text, brokers, stages }) {
  const verdict = RESULTS[result.status];
  const who = brokers.size > MOST_ROWS ? `${brokers.size} brokers` : `broker${brokers.size > 1 ? "s" : ""} ${[...brokers].join(", ")}`;
  return `${sign(verdict.state)} ${[...stages].join(", ")} ${verdict.word} (${who}): ${text}`;
}
