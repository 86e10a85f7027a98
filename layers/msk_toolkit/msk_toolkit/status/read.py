"""Reads the facts: every part at the same time, each bounded; what can't be read is a fact with its reason."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.aws.call import PendingCall
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.aws.mappings import MappingState, mapping_states
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.probe.last_run import LastRun, last_run
from msk_toolkit.settings.status import StatusSettings
from msk_toolkit.status.facts import CheckLine, Fact, FailingSince, LetterFacts, PathFacts, StackFacts
from msk_toolkit.status.log_entries import targets_check, topics_check
from msk_toolkit.status.read_alarms import read_alarms
from msk_toolkit.status.read_letters import read_letters_waiting
from msk_toolkit.status.read_logs import read_check, read_deliveries, read_failing, read_groups, read_refusals

_LOGGING = ("forwarder", "producer-probe", "consumer-probe", "topics", "connect")
# The forwarder's log is read in several requests; a dashboard's viewer waits for all of it.
_READ_SECONDS = 8.0


class _ProbeFacts(NamedTuple):
    last: LastRun
    failing: Mapping[str, FailingSince] = {}


class StatusSource(NamedTuple):
    """Where the facts are read.

    Args:
        region: AWS's, for commands.
        is_local: whether AWS is the emulator of the local system.
        now: seconds since 1970.
    """

    settings: StatusSettings
    client: MakeClient
    region: str
    is_local: bool
    now: Callable[[], float] = time.time


def source_of(settings: StatusSettings, client: MakeClient, environ: Mapping[str, str]) -> StatusSource:
    """The source that a function's environment describes."""
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", "")
    return StatusSource(settings, client, region, is_local=bool(environ.get("AWS_ENDPOINT_URL")))


def stack_facts(source: StatusSource) -> StackFacts:
    """What the settings say of the stack."""
    settings = source.settings
    option = "--local" if source.is_local else f"--stack {settings.stack_name} --region {source.region}"
    return StackFacts(
        name=settings.stack_name,
        region=source.region,
        option=option,
        topics=settings.topics(),
        heartbeat_topic=settings.heartbeat_topic,
        group_prefix=settings.group_prefix,
        logs={name: settings.log_group(name) for name in _LOGGING},
        stale_after_seconds=settings.stale_after_seconds,
    )


def read_path(source: StatusSource, deadline: Deadline) -> PathFacts:
    """Everything that is known of the path; what can't be read is in the facts and not an error."""
    settings, now, stack = source.settings, source.now(), stack_facts(source)
    deadline = deadline.at_most(_READ_SECONDS)
    logs = source.client("logs")
    producer = PendingCall("producer probe", lambda: _probe(logs, "Producer probe", stack.logs["producer-probe"], now))
    consumer = PendingCall("consumer probe", lambda: _probe(logs, "Consumer probe", stack.logs["consumer-probe"], now))
    deliveries = PendingCall("forwarder", lambda: read_deliveries(logs, stack, stack.logs["forwarder"], now))
    groups = PendingCall("lag", lambda: read_groups(logs, stack, stack.logs["consumer-probe"], now))
    refusals = PendingCall("refusals", lambda: read_refusals(logs, stack.logs["forwarder"], now))
    declared = PendingCall("topics", lambda: read_check(logs, stack.logs["topics"], topics_check, now))
    targets = PendingCall("targets", lambda: _targets(logs, settings, now))
    mappings = PendingCall("mappings", lambda: _mappings(source))
    letters = PendingCall("letters", lambda: _letters(source))
    alarms = PendingCall("alarms", lambda: Fact(read_alarms(source.client("cloudwatch"), settings.stack_name)))
    probes = [_run(producer, "Producer probe", deadline), _run(consumer, "Consumer probe", deadline)]
    return PathFacts(
        now=now,
        stack=stack,
        probes=[probe.last for probe in probes],
        failing={probe.last.probe: probe.failing for probe in probes},
        deliveries=_fact(deliveries, deadline),
        groups=_fact(groups, deadline),
        mappings=_fact(mappings, deadline),
        letters=_fact(letters, deadline),
        refusals=_fact(refusals, deadline),
        declared=_fact(declared, deadline),
        targets=_fact(targets, deadline),
        alarms=_fact(alarms, deadline),
    )


def _fact[Value](pending: PendingCall[Fact[Value]], deadline: Deadline) -> Fact[Value]:
    try:
        return pending.answer(deadline)
    except ToolkitError as error:
        return Fact(why=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not hide the other parts
        return Fact(why=f"unexpected {type(error).__name__} while it was read")


def _probe(logs: Any, probe: str, group: str, now: float) -> Fact[_ProbeFacts]:
    last = last_run(logs, probe, group, now=now, deadline=Deadline(_READ_SECONDS))
    if last.run is None or last.run.verdict.status == "healthy":
        return Fact(_ProbeFacts(last))
    return Fact(_ProbeFacts(last, read_failing(logs, group, now)))


def _run(pending: PendingCall[Fact[_ProbeFacts]], probe: str, deadline: Deadline) -> _ProbeFacts:
    fact = _fact(pending, deadline)
    return _ProbeFacts(LastRun(probe, why=fact.why)) if fact.value is None else fact.value


def _mappings(source: StatusSource) -> Fact[Mapping[str, MappingState]]:
    settings = source.settings
    states = mapping_states(source.client("lambda"), settings.function("forwarder"), settings.cluster_arn)
    by_topic: dict[str, MappingState] = {}
    for state in states:
        by_topic.update(dict.fromkeys(state.topics, state))
    return Fact(by_topic)


def _letters(source: StatusSource) -> Fact[LetterFacts]:
    bucket = source.settings.dead_letter_bucket
    if not bucket:
        return Fact(why="the stack has no dead-letter bucket")
    return Fact(read_letters_waiting(Bucket(bucket, source.client("s3"))))


def _targets(logs: Any, settings: StatusSettings, now: float) -> Fact[CheckLine]:
    if settings.target_check == "off":
        return Fact(CheckLine(now, "the targets are not checked (TargetCheck=off)"))
    return read_check(logs, settings.log_group("connect"), targets_check, now)
