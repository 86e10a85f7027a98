"""From what a function sees to the mail's text: real handlers print, the template's alarms judge, the mail explains."""

from itertools import cycle
from typing import Any

import pytest
from msk_toolkit.alarms.document import AlarmMail
from msk_toolkit.stage import FaultClass

from tests.fakes.path_facts import faulty_facts, healthy_facts
from tests.fakes.vantiq_fake import at_offset, refusal
from tests.template.alarm_days import FAULTS, HEALTHY, HOUR, PROBES, TWO, Batch, Day, seen
from tests.template.alarm_mailer import AlarmMailer
from tests.template.functions_that_tell import MISSING, SETTLED, UNFIT, Functions, warning

LETTER = "dead-letters/demo-6357e0b2/orders/0/00000000000000000001-d.json"


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Functions:
    return Functions(monkeypatch, capsys)


def day_of(functions: Functions) -> tuple[Day, list[AlarmMail]]:
    mailer = AlarmMailer()
    return Day(functions, mailer=mailer), mailer.mails


def first_lines(mail: AlarmMail) -> str:
    return " ".join(" ".join(mail.text.splitlines()[:5]).split())


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("fault", [fault for fault in FaultClass if fault != FaultClass.LOSS])
def test_a_fault_of_a_broker_is_a_mail_with_broker_stage_cause_and_remedy(
    functions: Functions, probe: str, fault: FaultClass
) -> None:
    stage, cause = FAULTS[fault]
    day, mails = day_of(functions)
    day.go_on(HOUR)
    assert mails == []
    day.runs[probe] = functions.probe(probe, *seen(stage, cause))
    day.go_on(30)
    (mail,) = mails
    assert (mail.state, mail.alarm.kind, mail.problem.cause, mail.problem.broker) == ("on", "ProbesAlarm", cause, "3")
    for text in ("Broker 3", f"fails at {stage}", f"cause: {cause}", cause.remedy[:40], "mskv probe --all"):
        assert text in first_lines(mail)
    assert mail.problem.owner == cause.owner
    assert mail.problem.runbook.endswith(f"#{cause}")
    day.runs[probe] = functions.probe(probe)
    day.go_on(HOUR)
    over = mails[-1]
    assert (len(mails), over.state, over.still_there, over.problem.cause) == (2, "over", False, cause)
    assert over.lasted_seconds is not None
    assert over.lasted_seconds >= 20 * 60


@pytest.mark.parametrize("probe", PROBES)
def test_a_loss_is_a_mail_about_loss_though_another_broker_fails(functions: Functions, probe: str) -> None:
    day, mails = day_of(functions)
    day.runs[probe] = functions.probe(probe, *seen(*FAULTS[FaultClass.LOSS]))
    day.go_on(15)
    (mail,) = mails
    assert mail.problem.cause == "record-lost"
    assert "Treat this as data loss" in mail.text


@pytest.mark.parametrize("probe", PROBES)
def test_a_silent_probe_is_named(functions: Functions, probe: str) -> None:
    day, mails = day_of(functions)
    day.go_on(HOUR)
    day.runs[probe] = None
    day.go_on(45)
    (mail,) = mails
    assert f"The {probe} probe has reported nothing since" in first_lines(mail)
    assert mail.problem.cause == "probe-silent"


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (at_offset(1, refusal(401)), "vantiq-token-refused"),
        (at_offset(1, refusal(403)), "vantiq-forbidden"),
        (at_offset(1, refusal(503)), "vantiq-unavailable"),
    ],
)
def test_what_keeps_records_from_vantiq_is_named_with_its_remedy(functions: Functions, fault: Any, cause: str) -> None:
    day, mails = day_of(functions)
    fine = Batch(*functions.forward(TWO))
    day.go_on(30, fine)
    assert mails == []
    day.go_on(30, Batch(*functions.forward(TWO, fault)))
    (mail,) = mails
    assert (mail.alarm.kind, mail.problem.cause, mail.problem.topics) == ("ForwarderAlarm", cause, ["orders"])
    assert mail.problem.remedy[:40] in first_lines(mail)
    assert mail.problem.since is not None
    assert mail.problem.tries >= 1
    assert mail.topics[0].state == "failing"
    day.go_on(30, fine)
    over = mails[-1]
    assert (over.state, over.still_there, over.problem.cause) == ("over", False, cause)
    assert "The forwarder lost no record" in over.text


def test_an_alarm_that_ends_because_nothing_is_sent_any_more_is_not_called_over(functions: Functions) -> None:
    day, mails = day_of(functions)
    day.go_on(10, Batch(*functions.forward(TWO)))
    day.go_on(30, Batch(*functions.forward(TWO, at_offset(1, refusal(401)))))
    # No batch: nothing publishes an outage, and nothing is delivered.
    day.go_on(30)
    assert [mail.state for mail in mails] == ["on", "over"]
    assert mails[-1].still_there is True
    assert "Alarm ended, fault remains" in mails[-1].subject


def test_drift_is_a_mail_with_the_topics(functions: Functions) -> None:
    day, mails = day_of(functions)
    day.go_on(3 * HOUR)
    day.runs["check"] = functions.check(SETTLED, MISSING)
    day.go_on(31)
    (mail,) = mails
    assert (mail.alarm.kind, mail.problem.cause) == ("TopicsDriftedAlarm", "topics-drifted")
    assert "mskv topics plan" in first_lines(mail)


def test_an_unfit_target_is_a_mail_with_its_fix(functions: Functions) -> None:
    day, mails = day_of(functions)
    day.runs["targets"] = functions.check_targets(UNFIT)
    day.go_on(11)
    (mail,) = mails
    assert (mail.alarm.kind, mail.problem.cause) == ("TargetsUnfitAlarm", "target-unfit")
    assert "topic:/orders" in mail.text


def test_a_dead_letter_is_a_mail_with_the_command_that_shows_it(functions: Functions) -> None:
    mailer = AlarmMailer()
    mailer.objects = [LETTER]
    day = Day(functions, mailer=mailer)
    day.go_on(20)
    day.runs["look"] = cycle([functions.look(faulty_facts())])
    day.go_on(20, Batch(*functions.forward(TWO, at_offset(1, refusal(400)))))
    (mail,) = [mail for mail in mailer.mails if mail.alarm.kind == "DeadLetterAlarm"]
    assert (mail.set_aside, mail.problem.cause) == (1, "letters-waiting")
    assert "mskv letters orders --stack shop --region eu-central-1" in first_lines(mail)


def test_a_mapping_that_is_off_is_a_mail_with_the_command_that_enables_it(functions: Functions) -> None:
    mailer = AlarmMailer()
    day = Day(functions, mailer=mailer)
    day.go_on(HOUR)
    mailer.mappings["orders"] = "Disabled"
    day.runs["look"] = functions.look(faulty_facts())
    day.go_on(30)
    (mail,) = [mail for mail in mailer.mails if mail.alarm.kind == "ForwardingStoppedAlarm"]
    assert mail.problem.cause == "mapping-disabled"
    assert "mskv mapping enable orders --stack shop --region eu-central-1" in first_lines(mail)
    mailer.mappings["orders"] = "Enabled"
    day.runs["look"] = functions.look(healthy_facts())
    day.go_on(HOUR)
    assert [(mail.state, mail.still_there) for mail in mailer.mails if mail.alarm.kind == "ForwardingStoppedAlarm"] == [
        ("on", True),
        ("over", False),
    ]


def test_a_certificate_that_expires_soon_is_a_mail_with_its_broker(functions: Functions) -> None:
    day, mails = day_of(functions)
    day.runs["producer"] = functions.probe("producer", *HEALTHY[:2], warning(3, "tls", "tls-expires-soon"))
    day.go_on(HOUR)
    (mail,) = mails
    assert (mail.alarm.kind, mail.problem.cause, mail.problem.broker) == ("CertificateAlarm", "tls-expires-soon", "3")
    assert "The certificate of broker 3 (b-3:9094) expires soon." in first_lines(mail)
