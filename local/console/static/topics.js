// topics.yaml against the cluster: what a deployment or `apply` would change, and drift.
import { openDialog, requestButton } from "./dialogs.js";
import { h, render } from "./dom.js";
import { moment, plural, sign } from "./format.js";
import { post } from "./server.js";

const ACTIONS = {
  create: { state: "warn", word: "to create" },
  update: { state: "warn", word: "differs" },
  unchanged: { state: "ok", word: "as declared" },
  refused: { state: "bad", word: "REFUSED" },
};

export function showTopics(state) {
  const { value, at, problem } = state.sources.plan ?? {};
  const checked = state.sources.status?.value?.declared;
  render("topics", { plan: value, problem, checked: checked?.summary, findings: checked?.findings, at: at && Math.round(at) }, (data) => [
    h("h2", { id: "topics-head" }, "Topics: declared and real"),
    data.problem ? h("p", {}, `! The plan could not be made: ${data.problem}`) : null,
    data.plan?.plan ? plan(data) : h("p", { class: "quiet" }, data.problem ? "" : "Making the plan ..."),
    checked?.checked ? h("p", { class: "quiet" }, `Scheduled check: ${checked.summary} `, moment(checked.checked)) : null,
  ]);
}

function plan({ plan: response, at }) {
  const { steps, undeclaredTopics = [] } = response.plan;
  const changes = steps.filter((step) => ["create", "update"].includes(step.action)).length;
  return [
    h("p", {}, changes ? `! ${plural(changes, "topic")} to change` : "✓ The cluster is as topics.yaml declares it", h("span", { class: "quiet" }, " plan made ", moment(at, { ageOnly: true }))),
    h("ul", { class: "plan" }, steps.map(step), undeclaredTopics.map((topic) => h("li", {}, `- ${topic}: not declared, left alone`))),
    changes ? requestButton("Apply ...", async () => confirmApply(response), { "data-key": "apply" }) : null,
  ];
}

function step(entry) {
  const verdict = ACTIONS[entry.action] ?? { state: "unknown", word: entry.action };
  const lines = changes(entry);
  return h("li", { class: verdict.state }, h("b", {}, entry.topic), ` ${sign(verdict.state)} ${verdict.word}`,
    entry.action === "unchanged" ? h("span", { class: "quiet" }, ` ${plural(entry.partitions, "partition")}, replication factor ${entry.replicationFactor}`) : null,
    lines.length ? h("ul", {}, lines.map((line) => h("li", {}, line))) : null);
}

function changes(entry) {
  const lines = [];
  if (entry.action === "create") lines.push(`${plural(entry.partitions, "partition")}, replication factor ${entry.replicationFactor}`);
  else if (entry.partitionsBefore !== entry.partitions && entry.partitionsBefore) lines.push(`partitions ${entry.partitionsBefore} → ${entry.partitions}`);
  for (const setting of entry.config ?? []) lines.push(`${setting.key}: ${setting.before ?? "unset"} → ${setting.after ?? "the cluster's default"}`);
  for (const refusal of entry.refusals ?? []) lines.push(`${refusal.reason} Alternative: ${refusal.alternative}`);
  return [...lines, ...(entry.warnings ?? []).map((warning) => `! ${warning}`), ...(entry.notes ?? [])];
}

function confirmApply(response) {
  const apply = requestButton("Apply exactly this plan", async () => {
    const result = await post("/api/topics/apply", { plan: response.plan });
    openDialog("Applied", h("pre", { tabindex: 0 }, result.table ?? ""));
  }, { class: "primary" });
  openDialog("The plan", h("pre", { tabindex: 0 }, response.table), [apply]);
}
