// The four numbers that an operator looks for first: do records arrive, how late, how many wait, how many were set aside.
import { chart, legend } from "./charts.js";
import { h, render } from "./dom.js";
import { count, duration, rate, sign } from "./format.js";
import * as judge from "./judge.js";
import * as points from "./points.js";

const RATES = [{ label: "finished", colour: "--line-a" }, { label: "written", colour: "--line-b" }];

function tile(name, value, verdict, ...more) {
  return h("div", { class: `tile ${verdict.state}` },
    h("h2", {}, name), h("p", { class: "value" }, value),
    h("p", { class: "word" }, h("b", { "aria-hidden": true }, sign(verdict.state)), ` ${verdict.word}`), more);
}

function perSecond(value) {
  return count(Math.round(value * 10) / 10);
}

export function lettersWaiting(sources) {
  const groups = sources.letters?.value?.groups;
  if (groups) return groups.reduce((sum, group) => sum + group.letters, 0);
  if (sources.letters?.value) return 0;
  return sources.status?.value?.letters?.waiting ?? null;
}

export function reasons(sources) {
  const byReason = new Map();
  for (const group of sources.letters?.value?.groups ?? []) {
    const reason = [group.reason, group.code].filter(Boolean).join(" ");
    byReason.set(reason, (byReason.get(reason) ?? 0) + group.letters);
  }
  return [...byReason].sort((one, other) => other[1] - one[1]);
}

export function showTiles(state) {
  const now = points.now();
  const letters = lettersWaiting(state.sources);
  const why = reasons(state.sources);
  render("tiles", { now, letters, why }, () => {
    const times = points.times();
    return [
      tile("Delivered", rate(now.finished), judge.arriving(now),
        chart("rates", times, [{ ...RATES[0], values: points.values("finished") }, { ...RATES[1], values: points.values("written") }], perSecond),
        legend([{ label: "delivered or set aside per second" }, { label: `written per second (${rate(now.written)})` }])),
      tile("How late", `${now.lateAtLeast ? "≥ " : ""}${duration(now.late)}`, judge.lateness(now.late),
        chart("late", times, [{ label: "seconds late", colour: "--line-a", values: points.values("lateSeconds") }], perSecond),
        legend([{ label: "seconds that the oldest record has waited" }])),
      tile("Waiting", count(now.waiting), judge.waiting(now.waiting, now.late),
        chart("waiting", times, [{ label: "waiting records", colour: "--line-a", values: points.values("waiting") }], count),
        legend([{ label: "records that wait in Kafka" }])),
      tile("Set aside", count(letters), judge.setAside(letters), asideReasons(letters, why)),
    ];
  });
}

function asideReasons(letters, why) {
  if (!letters) return h("p", { class: "quiet" }, "Records that Vantiq refuses for good are kept as dead letters.");
  return [
    h("ul", { class: "reasons" }, why.slice(0, 4).map(([reason, number]) => h("li", { title: reason }, `${count(number)} × ${reason}`))),
    h("p", {}, h("a", { href: "#letters" }, "Show the dead letters")),
  ];
}
