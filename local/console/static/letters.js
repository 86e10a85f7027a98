// Dead letters: by topic and reason, each with its record on demand, and the replay with its dry run.
import { openDialog, requestButton } from "./dialogs.js";
import { h, render } from "./dom.js";
import { clock, moment, plural } from "./format.js";
import { post } from "./server.js";

export function showLetters(state) {
  const { value, problem } = state.sources.letters ?? {};
  render("letters", { groups: value?.groups, waiting: value?.waiting, problem, read: value !== null }, (data) => [
    h("h2", { id: "letters-head" }, "Dead letters"),
    data.problem ? h("p", {}, `! ${data.problem}`) : null,
    content(data),
  ]);
}

function content({ groups, waiting, read }) {
  if (!read) return h("p", { class: "quiet" }, "Not read yet.");
  return [
    groups?.length ? table(groups) : h("p", {}, "✓ None. A record that Vantiq refuses for good is kept here and the others pass."),
    waiting ? h("p", {}, `! ${plural(waiting, "object")} of the mappings' on-failure destination to import; a replay imports them.`) : null,
    groups?.length || waiting ? replayButton("Replay all ...", {}) : null,
  ];
}

const HEADS = ["Topic", "Letters", "Reason", "Newest", "Goes to", ""];

function table(groups) {
  return h("table", { class: "cards letters" },
    h("thead", {}, h("tr", {}, HEADS.map((head) => h("th", { scope: "col" }, head || h("span", { class: "hidden" }, "Actions"))))),
    h("tbody", {}, groups.map(row)));
}

function row(group) {
  const key = `${group.topic}-${group.partition}-${group.reason}-${group.code}`;
  const values = [
    String(group.letters), [group.reason, group.code].filter(Boolean).join(" "), moment(group.newest), group.target,
    h("span", { class: "buttons" },
      requestButton("Show", () => openGroup(group), { "data-key": `show-${key}`, "aria-label": `Show the letters of ${group.topic}, partition ${group.partition}` }),
      replayButton("Replay ...", { topic: group.topic, reason: group.reason }, `replay-${key}`)),
  ];
  return h("tr", {}, h("th", { scope: "row" }, `${group.topic}`, h("span", { class: "quiet" }, ` partition ${group.partition}`)),
    values.map((value, index) => h("td", { "data-label": HEADS[index + 1] }, value)));
}

async function openGroup(group) {
  const { names, more } = await post("/api/letters/names", { first: group.first, last: group.last });
  openDialog(`Dead letters of ${group.topic}`, [
    h("ul", { class: "letter-list" }, names.map(letterItem)),
    more ? h("p", { class: "quiet" }, "There are more; these are the first.") : null,
  ]);
}

// dead-letters/<cluster>/<topic>/<partition>/<offset>-<digest>.json
function place(name) {
  const [offset, partition] = name.split("/").reverse();
  return `partition ${partition}, offset ${Number.parseInt(offset, 10)}`;
}

function letterItem(name) {
  const box = h("div", { class: "letter" });
  const show = (payload) => async () => {
    const { letter } = await post("/api/letters/show", { name, payload });
    box.replaceChildren(...(payload ? withPayload(letter) : withoutPayload(letter)));
  };
  return h("li", {}, h("span", { class: "buttons" }, place(name),
    requestButton("Reason", show(false), { "aria-label": `Reason of ${place(name)}` }),
    requestButton("Show the record", show(true), { "aria-label": `Show the record of ${place(name)}` })), box);
}

function facts(letter) {
  const { reason, status, code, target, attempts } = letter.refusal;
  return [["Reason", [reason, status || null, code].filter(Boolean).join(" ")], ["Goes to", target], ["Attempts", String(attempts)], ["Written", clock(letter.writtenAt / 1000)]];
}

function list(pairs) {
  return h("dl", {}, pairs.map(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]));
}

function withoutPayload(letter) {
  return [list(facts(letter)), h("p", { class: "quiet" }, "Vantiq's message may quote the record, so it is shown with the record.")];
}

function withPayload(letter) {
  const record = Object.values(letter.event.records).flat()[0] ?? {};
  const headers = (record.headers ?? []).flatMap((header) => Object.entries(header)).map(([name, octets]) => `${name}: ${text(Uint8Array.from(octets ?? [], (octet) => octet & 255))}`);
  return [list([
    ...facts(letter), ["Vantiq answered", letter.refusal.detail],
    ["Key", decoded(record.key)], ["Value", h("pre", { tabindex: 0 }, decoded(record.value))],
    ["Headers", headers.join("; ") || "none"],
  ])];
}

function decoded(base64) {
  if (base64 === null || base64 === undefined) return "null";
  return text(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}

function text(octets) {
  try {
    const plain = new TextDecoder("utf-8", { fatal: true }).decode(octets);
    return pretty(plain);
  } catch {
    return `not UTF-8, ${octets.length} bytes: ${[...octets.slice(0, 200)].map((octet) => octet.toString(16).padStart(2, "0")).join(" ")}`;
  }
}

function pretty(plain) {
  try {
    return JSON.stringify(JSON.parse(plain), null, 2);
  } catch {
    return plain;
  }
}

function replayButton(label, selection, key = "replay-all") {
  return requestButton(label, async () => confirmReplay(selection, await post("/api/letters/replay", { ...selection, dry_run: true })), { "data-key": key });
}

function confirmReplay(selection, dryRun) {
  const groups = dryRun.groups ?? [];
  const letters = groups.reduce((sum, group) => sum + group.letters, 0);
  const lines = groups.map((group) => h("li", {}, `${plural(group.letters, "letter")} of ${group.topic}, partition ${group.partition} (${[group.reason, group.code].filter(Boolean).join(" ")}) to ${group.target}`));
  if (dryRun.waiting) lines.push(h("li", {}, `${plural(dryRun.waiting, "object")} to import first`));
  if (!lines.length) {
    openDialog("Nothing to replay", h("p", {}, "No letter is selected."));
    return;
  }
  const send = requestButton(`Send ${plural(letters, "letter")} again`, async () => {
    const result = await post("/api/letters/replay", { ...selection, dry_run: false });
    openDialog("Replay", outcome(result));
  }, { class: "primary" });
  openDialog("Dry run: nothing was sent yet", [h("p", {}, "A replay would send, in the order of the records:"), h("ul", {}, lines)], [send]);
}

function outcome({ done = {}, stopped, unreadable = [], without_target: withoutTarget = [], continues }) {
  const lines = [`✓ ${plural(done.delivered ?? 0, "letter")} delivered`];
  if (done.refused) lines.push(`! ${plural(done.refused, "letter")} refused again; they stay, with the new reason`);
  if (done.imported) lines.push(`${plural(done.imported, "record")} imported`);
  if (stopped) lines.push(`! Stopped: ${stopped}${continues ? "; it continues by itself" : ""}`);
  return h("ul", {}, [...lines, ...unreadable.map((entry) => `! not readable: ${entry}`), ...withoutTarget.map((entry) => `! ${entry}`)].map((line) => h("li", {}, line)));
}
