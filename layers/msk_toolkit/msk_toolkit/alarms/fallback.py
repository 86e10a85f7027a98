"""Mails that need nothing but the message on the topic."""

import msgspec

from msk_toolkit.alarms.change import AlarmChange, TopicMessage
from msk_toolkit.alarms.document import Mail, PlainMail
from msk_toolkit.alarms.facts import Place
from msk_toolkit.alarms.text import LONGEST_TEXT, cut, moment, paragraph, plain, subject_line


def plain_mail(change: AlarmChange, place: Place, why: str) -> Mail:
    """What CloudWatch says of the alarm, and why there is no more.

    Args:
        why: a sentence.
    """
    state = "is over" if change.is_over else "is on"
    lines = [
        *paragraph("WHAT", f"Alarm {change.name} {state} since {moment(change.at)}. {change.description}"),
        *paragraph("WHY", change.reason),
        f"RUN     mskv status {place.option}",
        *paragraph("NOTE", why),
    ]
    return _mail(f"[{place.stack}] {change.name} {state}", "\n".join(lines) + "\n")


def forwarded_mail(message: TopicMessage, place: Place) -> Mail:
    """A message that is not CloudWatch's, as it came."""
    text = "\n".join(plain(line, LONGEST_TEXT) for line in message.text.splitlines())
    return _mail(f"[{place.stack}] Message on the topic of the alarms", cut(text, LONGEST_TEXT) + "\n")


def _mail(subject: str, text: str) -> Mail:
    line = subject_line(subject)
    return Mail(subject=line, text=text, json=msgspec.json.encode(PlainMail(subject=line, text=text)).decode())
