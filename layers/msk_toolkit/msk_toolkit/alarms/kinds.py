"""The alarms that send mails: what each is about, by its name.

A new alarm of template.yaml that sends mails is a row here; a test compares them.
"""

from typing import NamedTuple

from msk_toolkit.causes import Cause, Owner
from msk_toolkit.path_causes import PathCause

AnyCause = Cause | PathCause
# What the mail is about, which decides what else it lists: the parts of the path's state that explain the alarm.
_BROKERS = ("brokers",)
_DELIVERY, _PATH = ("forwarder", "targets", "mapping"), ("mapping", "forwarder", "targets")
_FORWARDER, _PROBES = "forwarder", ("producer-probe", "consumer-probe")
_LOSSES = (Cause.HEARTBEAT_MISSING, Cause.RECORD_LOST, Cause.RECORD_ALTERED)


class AlarmKind(NamedTuple):
    """An alarm of the stack.

    Args:
        id: its logical id in the template, with which CloudFormation makes its name.
        title: what is wrong, where nothing more is known.
        over: that it is over.
        name: its name without the stack's, where the template gives it one.
        cause: what it means whatever else is known; None where the logs name the cause.
        parts: which problems of the path explain it, the likeliest first.
        only: of those only problems of these causes, where others do not set it off.
        behind: parts whose problems may be behind it, if none of ``parts`` explains it.
        logs: functions whose logs have the evidence, by their names without the stack's.
        shows_records: whether the mail lists the forwarded topics, with what waits.
    """

    id: str
    title: str
    over: str
    name: str = ""
    cause: AnyCause | None = None
    parts: tuple[str, ...] = ()
    only: tuple[AnyCause, ...] = ()
    behind: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    shows_records: bool = False


ALARM_KINDS = (
    AlarmKind(
        "ProbesAlarm",
        "The probes find failing brokers, or have stopped reporting",
        "The probes find no fault any more",
        name="probes",
        parts=_BROKERS,
        logs=_PROBES,
    ),
    AlarmKind(
        "ProducerLossAlarm",
        "A record that Kafka acknowledged is missing",
        "The producer probe finds no further loss",
        cause=Cause.HEARTBEAT_MISSING,
        parts=_BROKERS,
        only=_LOSSES,
        logs=("producer-probe",),
    ),
    AlarmKind(
        "ConsumerLossAlarm",
        "A record that Kafka acknowledged is missing",
        "The consumer probe finds no further loss",
        cause=Cause.HEARTBEAT_MISSING,
        parts=_BROKERS,
        only=_LOSSES,
        logs=("consumer-probe",),
    ),
    AlarmKind(
        "CertificateAlarm",
        "A broker's certificate expires soon",
        "No certificate expires soon any more",
        cause=Cause.TLS_EXPIRES_SOON,
        parts=_BROKERS,
        only=(Cause.TLS_EXPIRES_SOON,),
        logs=("producer-probe",),
    ),
    AlarmKind(
        "TopicsDriftedAlarm",
        "Topics differ from topics.yaml, or are no longer checked",
        "Topics are as topics.yaml declares them",
        cause=PathCause.TOPICS_DRIFTED,
        parts=("topics",),
        logs=("topics",),
    ),
    AlarmKind(
        "TopicsNotRestoredAlarm",
        "A deployment succeeded although its topics could not be applied",
        "No further deployment left its topics unapplied",
        cause=PathCause.TOPICS_NOT_RESTORED,
        parts=("topics",),
        logs=("topics",),
    ),
    AlarmKind(
        "ScramRotationFailedAlarm",
        "The SCRAM password could not be rotated",
        "No further rotation has failed",
        cause=PathCause.SCRAM_NOT_ROTATED,
        logs=("scram-rotation",),
    ),
    AlarmKind(
        "SourcesNotRenewedAlarm",
        "A Kafka source in Vantiq did not get the new password",
        "No further source was left without the new password",
        cause=PathCause.SOURCES_NOT_RENEWED,
        logs=("scram-rotation",),
    ),
    AlarmKind(
        "TargetsUnfitAlarm",
        "A target in Vantiq would not store the records",
        "Every target in Vantiq stores the records",
        cause=PathCause.TARGET_UNFIT,
        parts=("targets",),
        logs=("connect",),
        shows_records=True,
    ),
    AlarmKind(
        "ForwarderAlarm",
        "Records do not reach Vantiq; they wait in Kafka",
        "Records reach Vantiq again",
        name="forwarder",
        parts=_DELIVERY,
        logs=(_FORWARDER,),
        shows_records=True,
    ),
    AlarmKind(
        "ForwardingStoppedAlarm",
        "Records of a forwarded topic are not read, or nothing looks whether they are",
        "Records of every forwarded topic are read again",
        name="stopped",
        parts=("mapping", "forwarder"),
        behind=_BROKERS,
        logs=("status", _FORWARDER),
        shows_records=True,
    ),
    AlarmKind(
        "RecordsExpireAlarm",
        "Kafka will delete records that wait before they are delivered",
        "No record that waits is about to be deleted",
        cause=PathCause.RECORDS_EXPIRE,
        parts=_DELIVERY,
        only=(PathCause.RECORDS_EXPIRE,),
        logs=("topics", "consumer-probe"),
        shows_records=True,
    ),
    AlarmKind(
        "HeartbeatAlarm",
        "Heartbeats reach Vantiq late or not at all",
        "Heartbeats reach Vantiq in time again",
        name="heartbeat",
        cause=PathCause.HEARTBEAT_LATE,
        parts=_PATH,
        behind=_BROKERS,
        logs=(_FORWARDER,),
        shows_records=True,
    ),
    AlarmKind(
        "GivenUpUnreadAlarm",
        "Records that the mappings gave up can't be imported from their topic",
        "Records that the mappings gave up are imported again",
        cause=PathCause.GIVEN_UP_UNREAD,
        logs=("redrive",),
    ),
    AlarmKind(
        "DeadLetterAlarm",
        "Vantiq refused records, which were set aside",
        "No record that was set aside waits any more",
        cause=PathCause.LETTERS_WAITING,
        parts=("letters",),
        logs=(_FORWARDER,),
        shows_records=True,
    ),
)
OTHER_ALARM = AlarmKind("", "An alarm of the stack is on", "The alarm is over", parts=(*_BROKERS, *_DELIVERY))


def kind_of(alarm: str, stack: str) -> AlarmKind:
    """The row of an alarm; a general one for an alarm that is not of this stack's template.

    Args:
        alarm: its name: the stack's with either the row's own, or its logical id and a random suffix.
    """
    name = alarm.removeprefix(f"{stack}-")
    logical_id = name.partition("-")[0]
    return next((kind for kind in ALARM_KINDS if name == kind.name or logical_id == kind.id), OTHER_ALARM)


def first_owner(kind: AlarmKind) -> Owner:
    """Who looks at it first, where nothing more is known."""
    return kind.cause.owner if kind.cause else Owner.STACK
