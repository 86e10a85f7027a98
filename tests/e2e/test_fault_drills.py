"""Fault drills: mail, dashboard and command line name cause and remedy of each fault, and a mail says that it is over.

The faults are real, on the deployed system; only the alarms' clock is moved on by the test.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec
import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.path_causes import PathCause

from local.faults import Faults
from local.system import System
from tests.e2e.fault_drills import SENSORS, TUTORIAL, Line, Mail, Shown

# All drills are played before the first test, behind the start of the system: five minutes, and more beside other work.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

# After the alarm's own periods.
_MAIL_SECONDS = 120.0


class Drill(NamedTuple):
    """A fault.

    Args:
        alarm: the name of the alarm that mails it, without the stack's.
        cause: what every surface names.
        breaks: causes the fault, and what makes it visible.
        heals: ends it, and what makes that visible.
        scheduled: whether it is seen by what has a schedule, not by a record.
    """

    alarm: str
    cause: Cause | PathCause
    breaks: Callable[[Line], object]
    heals: Callable[[Line], object]
    scheduled: bool = False


class Report(msgspec.Struct):
    """What was seen of a drill: the first mail, how late it was, what was shown then, and the last mail."""

    mails: list[Mail] = []
    seconds: float = 0.0
    allowed: float = 0.0
    shown: Shown | None = None
    over: Mail | None = None


def _break_records(fault: Callable[[Faults], str]) -> Callable[[Line], object]:
    def breaks(line: Line) -> None:
        fault(line.faults())
        line.write()

    return breaks


def _replay(line: Line) -> None:
    line.faults().forgive_poison()
    line.run("RedriveFunction", {"action": "replay", "dry_run": False, "topic": SENSORS})


def _check_topics(line: Line) -> None:
    line.run("TopicsFunction", {"action": "check"})


def _change_topic(line: Line) -> None:
    line.faults().change_topic()
    _check_topics(line)


def _restore_topic(line: Line) -> None:
    line.faults().apply_topics()
    _check_topics(line)


def _disable(line: Line) -> None:
    line.faults(TUTORIAL).disable_mapping()
    line.write(TUTORIAL)


DRILLS = {
    "topic": Drill("TopicsDriftedAlarm", PathCause.TOPICS_DRIFTED, _change_topic, _restore_topic, scheduled=True),
    "poison": Drill("DeadLetterAlarm", PathCause.LETTERS_WAITING, lambda line: line.faults().write_poison(), _replay),
    "token": Drill(
        "forwarder",
        PathCause.VANTIQ_TOKEN_REFUSED,
        _break_records(Faults.refuse_token),
        lambda line: line.faults().store_token(),
    ),
    "vantiq": Drill(
        "forwarder",
        PathCause.VANTIQ_UNREACHABLE,
        _break_records(Faults.stop_vantiq),
        lambda line: line.faults().start_vantiq(),
    ),
    "broker": Drill(
        "probes",
        Cause.CONNECTION_REFUSED,
        lambda line: line.faults().stop_broker(),
        lambda line: line.faults().start_broker(),
        scheduled=True,
    ),
    "password": Drill(
        "probes",
        Cause.AUTHENTICATION_FAILED,
        lambda line: line.faults().rotate_password(),
        lambda line: line.faults().store_password(),
        scheduled=True,
    ),
    "mapping": Drill(
        "stopped",
        PathCause.MAPPING_DISABLED,
        _disable,
        lambda line: line.faults(TUTORIAL).enable_mapping(),
        scheduled=True,
    ),
}


@pytest.fixture(scope="module")
def line(own_system: System) -> Line:
    """The system, healthy."""
    line = Line(own_system)
    line.write(SENSORS)
    line.write(TUTORIAL)
    line.wait(lambda: line.delivered, "the records of a healthy system are delivered")
    for _ in range(3):
        line.pass_time()
    assert line.mails == []
    return line


@pytest.fixture(scope="module")
def reports(line: Line) -> dict[str, Report]:
    """Every fault is caused and ended, one after another; drift is looked for every half an hour, over two hours."""
    reports = {name: _begin(line, DRILLS[name]) for name in ["topic"]}
    _end(line, DRILLS["topic"])
    for name, drill in DRILLS.items():
        if name not in reports:
            reports[name] = _begin(line, drill)
            _end(line, drill)
            line.move_on(partial(_is_over, line, drill), f"{name} is over", probes=drill.scheduled)
            reports[name].over = line.mails_of(drill.alarm)[-1]
    line.move_on(partial(_is_over, line, DRILLS["topic"]), "topic is over", probes=False, minutes=10)
    reports["topic"].over = line.mails_of(DRILLS["topic"].alarm)[-1]
    return reports


def _begin(line: Line, drill: Drill) -> Report:
    began, before = line.now, len(line.mails_of(drill.alarm))
    drill.breaks(line)
    if drill.scheduled:
        line.move_on(lambda: len(line.mails_of(drill.alarm)) > before, f"{drill.cause} is mailed")
    else:
        line.wait(lambda: len(line.mails_of(drill.alarm)) > before, f"{drill.cause} is mailed")
    mails = line.mails_of(drill.alarm)[before:]
    allowed = line.seconds_of(drill.alarm) + _MAIL_SECONDS
    return Report(mails, mails[0].at - began, allowed, line.shown())


def _end(line: Line, drill: Drill) -> None:
    drill.heals(line)
    line.wait(lambda: line.delivered, f"what waited is delivered after {drill.cause}")
    if not drill.scheduled:
        # Other topics have waited as well; on AWS the alarm's periods are longer than that.
        line.wait(lambda: drill.cause not in line.causes, f"{drill.cause} is gone")


def _is_over(line: Line, drill: Drill) -> bool:
    return line.mails_of(drill.alarm)[-1].is_end


@pytest.mark.parametrize("name", DRILLS)
def test_a_fault_is_mailed_in_time_with_cause_and_remedy(name: str, reports: dict[str, Report]) -> None:
    report, cause = reports[name], DRILLS[name].cause
    assert report.seconds <= report.allowed
    # One fault, one mail.
    (mail,) = report.mails
    assert f"(cause: {cause})" in mail.text
    assert cause.remedy in mail.text


@pytest.mark.parametrize("name", DRILLS)
def test_the_dashboard_and_the_command_line_name_cause_and_remedy(name: str, reports: dict[str, Report]) -> None:
    report, cause = reports[name], DRILLS[name].cause
    assert report.shown
    problem = report.shown.problem(cause)
    for text in (report.shown.status, report.shown.widget):
        assert problem["sentence"] in text
        assert problem["remedy"] in text or problem["command"] in text


@pytest.mark.parametrize("name", DRILLS)
def test_the_end_of_a_fault_is_mailed(name: str, reports: dict[str, Report]) -> None:
    over = reports[name].over
    assert over
    # Right behind the end of a fault, a mail may say that the state of the path is not known yet.
    assert over.is_end
    assert "fault remains" not in over.subject
    assert f"(cause: {DRILLS[name].cause})" in over.text
