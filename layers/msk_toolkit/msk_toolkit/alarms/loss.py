"""What an alarm means for records: whether any is lost, and what was set aside."""

from msk_toolkit.alarms.change import AlarmChange
from msk_toolkit.alarms.facts import MailFacts
from msk_toolkit.alarms.kinds import AlarmKind
from msk_toolkit.alarms.text import counted
from msk_toolkit.causes import Cause
from msk_toolkit.path_causes import PathCause

_LOST = {Cause.HEARTBEAT_MISSING, Cause.RECORD_LOST, Cause.RECORD_ALTERED}
_NONE_LOST = "The forwarder lost no record: each was delivered, waits in Kafka, or was set aside."
_RULE = "The forwarder counts a record as done only when Vantiq has acknowledged it or it is set aside."
_DELETES = "Kafka deletes records that wait for longer than their topic's retention, and then they are lost."
_DELETED = "What had waited for longer than its topic's retention, if anything, was deleted by Kafka and is lost."
_WAITING = "What Vantiq has not acknowledged stays in Kafka for as long as the topic's retention allows"


def loss_sentence(change: AlarmChange, kind: AlarmKind, facts: MailFacts) -> str:
    """The sentence; empty for an alarm that is not about records."""
    if kind.cause in _LOST:
        return "Treat this as data loss in Kafka until the missing record is explained."
    if not kind.shows_records:
        return ""
    if facts.expiring:
        return f"Records are about to be lost: {' '.join(facts.expiring)} {_set_aside(facts)}"
    if kind.cause == PathCause.RECORDS_EXPIRE:
        return f"{_DELETED if change.is_over else _DELETES} {_set_aside(facts)}"
    if change.is_over:
        return (
            f"The forwarder lost no record: each was delivered, waits in Kafka, or was set aside. {_set_aside(facts)}"
        )
    return f"No record is lost by this. {_WAITING}. {_set_aside(facts)}"


def _set_aside(facts: MailFacts) -> str:
    if facts.set_aside is None:
        return "How many records are set aside could not be read."
    if not facts.set_aside:
        return "No record is set aside."
    verb = "is" if facts.set_aside == 1 else "are"
    return f"{counted(facts.set_aside, 'record')} {verb} set aside in the dead-letter bucket, and can be replayed."
