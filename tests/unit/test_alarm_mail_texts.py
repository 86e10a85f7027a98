"""The mails of every alarm of the template, going off and over, as people read them: tests/golden/mails."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msk_toolkit.alarms.change import AlarmChange
from msk_toolkit.alarms.compose import compose
from msk_toolkit.alarms.document import AlarmMail, Mail
from msk_toolkit.alarms.facts import AlarmStart, MailFacts, Place
from msk_toolkit.alarms.kinds import ALARM_KINDS, AlarmKind
from msk_toolkit.alarms.path_state import facts_of
from msk_toolkit.alarms.render import render
from msk_toolkit.alarms.text import WIDTH
from msk_toolkit.status.facts import Fact, PathFacts
from msk_toolkit.status.judge import path_status

from tests.fakes.path_facts import NOW, faulty_facts, healthy_facts, readings, unknown_facts

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "mails"
PLACE = Place("msk-vantiq", "eu-central-1", "123456789012")
WENT_OFF, ENDED = NOW - 60, NOW + 1_560
CASES = ("on", "on-unknown", "over", "over-unknown", "ended-fault-remains")
# Alarms that report their beginning only.
ENDLESS = {"ProducerLossAlarm", "ConsumerLossAlarm"}


def change(kind: AlarmKind, *, over: bool) -> AlarmChange:
    suffix = kind.name or f"{kind.id}-1ABCDEFGHIJKL"
    state, before, at = ("OK", "ALARM", ENDED) if over else ("ALARM", "OK", WENT_OFF)
    return AlarmChange(
        name=f"msk-vantiq-{suffix}",
        state="OK" if over else "ALARM",
        before="ALARM" if over else "OK",
        at=at,
        reason=f"The alarm changed from {before} to {state}.",
        description="What the template says of it.",
    )


def mail_facts(facts: PathFacts, kind: AlarmKind) -> MailFacts:
    return facts_of(path_status(facts), kind)


def made(kind: AlarmKind, case: str) -> Mail:
    """The mail of an alarm in a case."""
    on, over = change(kind, over=False), change(kind, over=True)
    unread = MailFacts(unread=("the state of the path: invoking msk-vantiq-status: access denied",))
    faulty = mail_facts(faulty_facts(), kind)
    start = AlarmStart(WENT_OFF, compose(on, kind, PLACE, faulty).problem)
    mails: dict[str, AlarmMail] = {
        "on": compose(on, kind, PLACE, faulty),
        "on-unknown": compose(on, kind, PLACE, unread),
        "over": compose(over, kind, PLACE, mail_facts(healthy_facts(), kind), start),
        "over-unknown": compose(over, kind, PLACE, unread),
        "ended-fault-remains": compose(over, kind, PLACE, faulty, start),
    }
    return render(mails[case])


def every_mail() -> Iterator[tuple[AlarmKind, str]]:
    for kind in ALARM_KINDS:
        for case in CASES:
            if case.startswith("on") or kind.id not in ENDLESS:
                yield kind, case


@pytest.mark.parametrize(("kind", "case"), every_mail(), ids=lambda value: getattr(value, "id", value))
def test_a_mail_reads_as_its_golden_file(kind: AlarmKind, case: str) -> None:
    mail = made(kind, case)
    text = f"Subject: {mail.subject}\n\n{mail.text}"
    golden = GOLDEN / f"{kind.id}.{case}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize(("kind", "case"), every_mail(), ids=lambda value: getattr(value, "id", value))
def test_a_mail_is_what_sns_takes_and_fits_a_screen(kind: AlarmKind, case: str) -> None:
    mail = made(kind, case)
    assert len(mail.subject) <= 100
    assert mail.subject.isascii()
    assert mail.subject.isprintable()
    assert mail.subject.startswith("[msk-vantiq] ")
    lines = mail.text.splitlines()
    # Commands and addresses are copied, and stay whole.
    assert not [
        line for line in lines if len(line) > WIDTH and " " in line.removeprefix("RUN     ") and "://" not in line
    ]
    assert all(line.isprintable() for line in lines)
    schema = json.loads((ROOT / "docs" / "schemas" / "alarm_mail.mail.schema.json").read_text())
    Draft202012Validator(schema).validate(json.loads(mail.json))


@pytest.mark.parametrize("kind", ALARM_KINDS, ids=lambda kind: kind.id)
def test_the_first_lines_say_what_is_wrong_and_what_to_do(kind: AlarmKind) -> None:
    mail = msgspec.json.decode(made(kind, "on").json, type=AlarmMail)
    first = " ".join(" ".join(mail.text.splitlines()[:5]).split())
    assert mail.problem.sentence[:60] in first
    assert mail.problem.remedy[:60] in first
    assert mail.problem.command in first
    assert mail.problem.cause in first


def test_a_loss_and_a_certificate_are_not_explained_by_another_fault_of_a_broker() -> None:
    for name in ("ProducerLossAlarm", "ConsumerLossAlarm", "CertificateAlarm"):
        kind = next(kind for kind in ALARM_KINDS if kind.id == name)
        facts = mail_facts(faulty_facts(), kind)
        assert facts.problem is None
        assert any("Broker 2" in sentence for sentence in facts.also)


def test_what_may_be_behind_an_alarm_is_named_as_likely_where_nothing_explains_it() -> None:
    kind = next(kind for kind in ALARM_KINDS if kind.id == "ForwardingStoppedAlarm")
    stopped = msgspec.structs.replace(healthy_facts(), probes=faulty_facts().probes)
    facts = mail_facts(stopped, kind)
    mail = compose(change(kind, over=False), kind, PLACE, facts)
    assert "Likely why: Broker 2 " in mail.problem.sentence
    assert mail.problem.cause == "connection-refused"
    # And it is not what keeps that alarm on.
    assert compose(change(kind, over=True), kind, PLACE, facts).still_there is False


def test_facts_of_which_a_part_is_not_known_are_not_taken_for_well() -> None:
    kind = next(kind for kind in ALARM_KINDS if kind.id == "ForwarderAlarm")
    assert not mail_facts(unknown_facts(), kind).is_known
    assert mail_facts(healthy_facts(), kind).is_known
    no_log = msgspec.structs.replace(healthy_facts(), deliveries=Fact(None, "access denied"))
    facts = mail_facts(no_log, kind)
    assert not facts.is_known
    text = render(compose(change(kind, over=True), kind, PLACE, facts)).text
    assert "could not be read: look at it before you rely on this" in text


def test_the_documents_examples_are_mails_that_are_made() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    section = page.partition("\n## Alarm mails\n")[2].partition("\n## ")[0]
    examples = [block for number, block in enumerate(section.split("```\n")) if number % 2]
    mails = [path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.txt")]
    assert len(examples) >= 4
    for example in examples:
        assert any(mail.startswith(example) for mail in mails), example


@pytest.mark.parametrize(
    "gap",
    [
        {"declared": Fact(why="the last check failed: no broker")},
        {"groups": Fact(why="access denied")},
        {"groups": Fact({"msk-vantiq-orders": readings(0, 0.0)})},
    ],
)
def test_that_no_record_expires_is_not_said_where_retention_or_lag_is_not_known(gap: dict[str, Any]) -> None:
    kind = next(kind for kind in ALARM_KINDS if kind.id == "RecordsExpireAlarm")
    assert mail_facts(healthy_facts(), kind).is_known
    assert not mail_facts(msgspec.structs.replace(healthy_facts(), **gap), kind).is_known
