// The verdict, and every problem with its cause, remedy and command, worst first.
import { copyable, h, link, render } from "./dom.js";
import { moment, plural, sign } from "./format.js";
import * as judge from "./judge.js";
import * as points from "./points.js";

export function showVerdict(state, failure) {
  const status = state?.sources.status ?? {};
  const now = points.now();
  const verdict = failure ? { state: "unknown", word: "NOT CONNECTED" } : judge.overall(status.value, now);
  const reported = failure ?? status.value?.summary ?? (status.problem || "The state has not been read yet.");
  const summary = verdict.word === "WAITING" ? `No record arrives: ${plural(now.waiting, "record")} waiting in Kafka, and no error reported yet. Last report: ${reported}` : reported;
  render("verdict", { verdict, summary }, () => {
    document.title = `${sign(verdict.state)} ${verdict.word}: MSK-Vantiq toolkit`;
    document.getElementById("verdict").className = verdict.state;
    return [h("h1", {}, h("span", { class: "sign", "aria-hidden": true }, sign(verdict.state)), ` ${verdict.word}`), h("p", {}, summary)];
  });
}

export function showFreshness(state) {
  const { value, at, problem } = state.sources.status ?? {};
  render("freshness", { at: at && Math.round(at), problem, option: value?.option, stack: value?.stack }, () => [
    h("p", {}, `Stack ${value?.stack ?? "?"}, ${value?.option ?? "--local"}`),
    at ? h("p", {}, "State read ", moment(at, { ageOnly: true }), problem ? ` (now: ${problem})` : "") : null,
  ]);
}

export function showProblems(state) {
  const { value } = state.sources.status ?? {};
  render("problems", { problems: value?.problems, unread: value?.unread }, ({ problems, unread }) => [
    h("h2", { id: "problems-head" }, heading(problems)),
    problems?.length ? h("ol", { class: "problems" }, problems.map(problemItem)) : null,
    unread?.length ? h("details", { "data-key": "unread" }, h("summary", {}, `${plural(unread.length, "fact")} could not be read`),
      h("ul", {}, unread.map((sentence) => h("li", {}, sentence)))) : null,
  ]);
}

function heading(problems) {
  if (!problems) return "Problems: not read yet";
  const notes = problems.filter((problem) => problem.severity === "note").length;
  const real = problems.length - notes;
  const counted = real ? plural(real, "problem") : "No problems";
  return `${counted}${notes ? ` and ${plural(notes, "note")}` : ""}${problems.length > 1 ? ", worst first" : ""}`;
}

function problemItem(problem, index) {
  const severity = judge.severity(problem.severity);
  return h("li", { class: `problem ${severity.state}` },
    h("p", { class: "sentence" }, h("b", {}, `${sign(severity.state)} ${severity.word}: `), problem.sentence),
    facts(problem),
    problem.remedy ? h("p", {}, h("b", {}, "What to do: "), problem.remedy) : null,
    problem.command ? copyable(`problem-${index}`, problem.command) : null,
    problem.detail ? h("details", { "data-key": `detail-${problem.cause}-${index}` }, h("summary", {}, "What was reported"), h("p", { class: "detail" }, problem.detail)) : null);
}

function facts(problem) {
  const parts = [];
  if (problem.since) parts.push(["Since ", problem.sinceAtLeast ? "at least " : "", moment(problem.since), problem.tries ? `, ${plural(problem.tries, "attempt")}` : ""]);
  if (problem.topics?.length) parts.push([`${problem.topics.length === 1 ? "Topic" : "Topics"}: ${problem.topics.join(", ")}`]);
  if (problem.owner) parts.push([`Owner: ${problem.owner}`]);
  if (problem.cause) parts.push(["Cause: ", problem.runbook ? link(problem.runbook, `${problem.cause} (runbook)`) : problem.cause]);
  if (!parts.length) return null;
  return h("ul", { class: "facts" }, parts.map((part) => h("li", {}, part)));
}
