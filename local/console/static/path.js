// The path as a picture, Kafka -> mapping -> forwarder -> Vantiq, and below it each forwarded topic.
import { chart, legend } from "./charts.js";
import { h, render } from "./dom.js";
import { count, duration, moment, plural, rate, sign } from "./format.js";
import * as judge from "./judge.js";
import * as points from "./points.js";
import { lettersWaiting } from "./tiles.js";

const LINES = [{ label: "finished", colour: "--line-a" }, { label: "written", colour: "--line-b" }];
const ENABLED = ["Enabled", "Enabling", "Creating", "Updating"];

export function showPath(state) {
  const status = state.sources.status?.value;
  const topics = rows(status);
  const faults = state.sources.faults?.value ?? {};
  const data = { topics, faults, letters: lettersWaiting(state.sources), brokers: status?.brokers, problems: status?.problems,
    finished: points.average("finished"), written: points.average("written"), waiting: points.latest("waiting"), late: points.latest("lateSeconds"), at: points.newest() };
  render("path", data, () => [
    h("h2", { id: "path-head" }, "The path"),
    picture(data),
    topics.length ? table(topics) : h("p", { class: "quiet" }, "No topic is forwarded, or none has been measured yet."),
    legend([{ label: "finished (delivered or set aside) per second" }, { label: "written per second" }]),
  ]);
}

// The topics of the state, or before it is read those that are measured. Live numbers come from the measurements.
function rows(status) {
  const known = (status?.topics ?? []).filter((topic) => !topic.isHeartbeat);
  const names = known.length ? known.map((topic) => topic.topic) : points.topicNames();
  return names.map((name) => {
    const topic = known.find((entry) => entry.topic === name) ?? { topic: name, state: "unknown" };
    const measured = points.topicNames().includes(name);
    return {
      ...topic,
      written: measured ? points.average("written", name) : topic.inPerSecond,
      finished: measured ? points.average("finished", name) : topic.outPerSecond,
      waiting: measured ? points.latest("waiting", name) : topic.behindRecords,
      late: measured ? points.latest("lateSeconds", name) : topic.behindSeconds,
      lateAtLeast: points.lateAtLeast(name),
    };
  });
}

function picture({ topics, faults, letters, brokers, problems, finished, written, waiting, late }) {
  return h("ol", { class: "picture" },
    node("Kafka", kafka(brokers, faults), `${rate(written)} written`),
    node("Mapping", mapping(topics), `${count(waiting)} waiting`),
    node("Forwarder", forwarder(problems, { finished, written, waiting, late }), `${rate(finished)} finished`),
    node("Vantiq", vantiq(topics, problems, faults), lastDelivery(topics)),
    node("Dead letters", judge.setAside(letters), letters ? h("a", { href: "#letters" }, "look at them") : "refused records are kept here", "aside"));
}

function node(name, verdict, figure, extra = "") {
  return h("li", { class: `node ${verdict.state} ${extra}` }, h("h3", {}, name), h("p", { class: "word" }, `${sign(verdict.state)} ${capitalised(verdict.word)}`), h("p", { class: "figure" }, figure));
}

function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function kafka(brokers, faults) {
  if (!brokers?.brokers?.length) return { state: "unknown", word: brokers?.summary || "No probe has run yet" };
  const healthy = brokers.brokers.filter((broker) => broker.healthy).length;
  const words = `${healthy} of ${plural(brokers.brokers.length, "broker")} healthy`;
  const { state } = judge.health(brokers.health);
  if (faults.broker !== "off") return { state, word: words };
  // The probes' last run may have been before that.
  return { state: state === "ok" ? "warn" : state, word: `${words} at the last probe; you stopped broker 2` };
}

function mapping(topics) {
  const known = topics.filter((topic) => topic.mapping?.state);
  if (!known.length) return { state: "unknown", word: "Not read yet" };
  const off = known.filter((topic) => !ENABLED.includes(topic.mapping.state));
  if (off.length) return { state: "bad", word: `${off[0].mapping.state}: ${off.map((topic) => topic.topic).join(", ")}` };
  return { state: "ok", word: `${known.length} of ${known.length} enabled` };
}

function worst(problems, part) {
  return (problems ?? []).find((problem) => problem.part === part && problem.severity !== "note");
}

function forwarder(problems, now) {
  const problem = worst(problems, "forwarder");
  if (problem) return { state: judge.severity(problem.severity).state, word: problem.sentence };
  const verdict = judge.arriving(now);
  if (verdict.state === "bad" && worst(problems, "mapping")) return { state: "none", word: "Receives nothing: see the mapping" };
  if (verdict.state === "bad") return { state: "bad", word: `Nothing finished for ${duration(now.late)}, and no reason reported yet` };
  if (verdict.state === "none" || now.finished === 0) return { state: verdict.state === "unknown" ? "unknown" : "none", word: verdict.word };
  return { ...verdict, word: "Delivering" };
}

function vantiq(topics, problems, faults) {
  if (faults.vantiq === "off") return { state: "bad", word: "You stopped it" };
  if (faults.token === "off") return { state: "bad", word: "Refuses the token that is in the secret" };
  if (worst(problems, "forwarder")) return { state: "warn", word: "See the forwarder" };
  if (topics.some((topic) => topic.lastDelivery)) return { state: "ok", word: "Accepts records" };
  return { state: "none", word: "No delivery seen" };
}

function lastDelivery(topics) {
  const moments = topics.map((topic) => topic.lastDelivery).filter(Boolean).sort();
  return moments.length ? ["last delivery ", moment(moments.at(-1), { ageOnly: true })] : "no delivery seen";
}

const HEADS = ["Topic", "Mapping", "Written", "Finished", "Waiting", "Last delivery", "Set aside", "Last hour"];

function table(topics) {
  return h("table", { class: "topics cards" }, h("caption", {}, "Forwarded topics, measured every 5 seconds"),
    h("thead", {}, h("tr", {}, HEADS.map((head) => h("th", { scope: "col" }, head)))),
    topics.map(topicRows));
}

function waitingText(topic) {
  return topic.waiting ? `${count(topic.waiting)} for ${topic.lateAtLeast ? "≥ " : ""}${duration(topic.late)}` : count(topic.waiting);
}

function topicRows(topic) {
  const verdict = judge.topicState(topic.state, topic.late);
  const times = points.times();
  const values = [
    topic.mapping?.state ?? "?", rate(topic.written), rate(topic.finished), waitingText(topic),
    topic.lastDelivery ? moment(topic.lastDelivery, { ageOnly: true }) : "none seen", count(topic.letters ?? null),
    chart(`topic-${topic.topic}`, times, [{ ...LINES[0], values: points.values("finished", topic.topic) }, { ...LINES[1], values: points.values("written", topic.topic) }], count),
  ];
  return h("tbody", { class: verdict.state },
    h("tr", {}, h("th", { scope: "row" }, h("span", { class: "name" }, topic.topic), h("span", { class: "word" }, `${sign(verdict.state)} ${verdict.word}`)),
      values.map((value, index) => h("td", { "data-label": HEADS[index + 1] }, value))),
    topic.lastError ? h("tr", { class: "error" }, h("td", { colspan: HEADS.length }, topic.lastError.sentence)) : null);
}
