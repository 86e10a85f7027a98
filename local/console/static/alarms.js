// The alarms that are on, and the latest mails.
import { h, linked, render } from "./dom.js";
import { moment, plural } from "./format.js";

const SHOWN = 4;

export function showAlarms(state) {
  const alarms = state.sources.status?.value?.alarms;
  const { value: mails, problem } = state.sources.mails ?? {};
  render("alarms", { alarms, mails, problem }, () => [
    h("h2", { id: "alarms-head" }, "Alarms and mails"),
    alarmList(alarms),
    h("h3", {}, "Latest mails"),
    problem ? h("p", {}, `! ${problem}`) : null,
    mails?.length ? mailList(mails) : h("p", { class: "quiet" }, "No mail yet. On AWS an alarm's mail goes to AlarmEmail."),
  ]);
}

function alarmList(alarms) {
  if (!alarms) return h("p", { class: "quiet" }, "Not read yet.");
  if (alarms.why) return h("p", {}, `? ${alarms.why}`);
  if (!alarms.on?.length) return h("p", {}, `✓ None of ${plural(alarms.total ?? 0, "alarm")} is on.`);
  return h("ul", { class: "alarm-list" }, alarms.on.map((alarm) => h("li", { class: "bad" }, h("b", {}, `✗ ${alarm.name}`),
    alarm.since ? [" since ", moment(alarm.since)] : null, alarm.description ? h("span", { class: "detail" }, linked(alarm.description)) : null)));
}

function mailList(mails) {
  const older = mails.slice(SHOWN);
  return [
    mails.slice(0, SHOWN).map(mail),
    older.length ? h("details", { "data-key": "older-mails" }, h("summary", { class: "quiet" }, `${plural(older.length, "older mail")}`), older.map(mail)) : null,
  ];
}

function mail(entry) {
  const subject = entry.text.match(/^Subject: (.*)$/m)?.[1] ?? entry.text.split("\n", 1)[0] ?? entry.name;
  return h("details", { "data-key": `mail-${entry.name}` }, h("summary", {}, subject, h("span", { class: "quiet" }, " ", moment(entry.at))), h("pre", { tabindex: 0 }, entry.text));
}
