"""A mail's text: what an operator needs first in the first lines, readable on a phone."""

from collections.abc import Iterator

import msgspec

from msk_toolkit.alarms.document import AlarmMail, Mail, MailProblem, MailTopic
from msk_toolkit.alarms.text import LONGEST_TEXT, WIDTH, counted, cut, duration, paragraph, plain

_MAX_LISTED = 20
# Of the sentence that says what is wrong: two lines, so that the remedy is not pushed down.
_SHORT_SENTENCE = 2 * (WIDTH - 8) - 20
_INDENT = 2


def render(mail: AlarmMail) -> Mail:
    """The subject, the text and the JSON of a mail."""
    lines = [*_head(mail), *_details(mail), *_records(mail), *_list("Also wrong", mail.also)]
    lines += [*_list("Not read", mail.unread), *_links(mail), *_alarm(mail)]
    text = cut("\n".join(lines), LONGEST_TEXT) + "\n"
    return Mail(
        subject=mail.subject, text=text, json=msgspec.json.encode(msgspec.structs.replace(mail, text=text)).decode()
    )


def _head(mail: AlarmMail) -> Iterator[str]:
    problem = mail.problem
    if mail.state == "over":
        yield from _over(mail)
    else:
        yield from paragraph("WHAT", _what(problem, _SHORT_SENTENCE))
    if mail.state == "on" or mail.still_there is not False:
        yield from paragraph("DO", problem.remedy)
        yield from _labelled("RUN", problem.command)
    if mail.state == "on":
        yield from paragraph("SINCE", _since(problem))
    yield from paragraph("OWNER", problem.owner)
    yield from _labelled("MORE", problem.runbook)


def _over(mail: AlarmMail) -> Iterator[str]:
    lasted = "Since when it was on is not known."
    if mail.lasted_seconds is not None:
        lasted = f"It lasted {duration(mail.lasted_seconds)}, until {_time(mail.alarm.changed)}."
    if mail.still_there:
        yield from paragraph("STILL", _what(mail.problem, _SHORT_SENTENCE))
        yield from paragraph("ALARM", f"ended, although this remains. {lasted}")
        return
    yield from paragraph("OVER" if mail.still_there is False else "ENDED", f"{mail.headline}. {lasted}")
    if mail.still_there is None:
        yield from paragraph("CHECK", "The path's state could not be read: look at it before you rely on this.")
    yield from paragraph("WAS", _what(mail.problem, _SHORT_SENTENCE))


def _what(problem: MailProblem, longest: int) -> str:
    cause = f" (cause: {problem.cause})" if problem.cause else ""
    return f"{plain(problem.sentence, longest)}{cause}"


def _since(problem: MailProblem) -> str:
    if problem.since is None:
        return "not known"
    tries = f", {counted(problem.tries, 'failed attempt')} since then" if problem.tries else ""
    earlier = ", or earlier" if problem.since_at_least else ""
    return f"{_time(problem.since)}{earlier}{tries}"


def _details(mail: AlarmMail) -> Iterator[str]:
    problem = mail.problem
    sentence = plain(problem.sentence)
    texts = [sentence] if len(sentence) > _SHORT_SENTENCE else []
    if problem.detail:
        texts.append(problem.detail)
    if problem.topics and not all(topic in sentence for topic in problem.topics):
        texts.append(f"Topics: {', '.join(problem.topics[:_MAX_LISTED])}.")
    if texts:
        yield ""
        yield "Details"
    for text in texts:
        yield from paragraph("", text, _INDENT)


def _records(mail: AlarmMail) -> Iterator[str]:
    if mail.loss or mail.topics:
        yield ""
        yield "Records"
    if mail.loss:
        yield from paragraph("", mail.loss, _INDENT)
    for topic in mail.topics[:_MAX_LISTED]:
        yield from paragraph("", f"{topic.topic}: {_topic(topic)}", _INDENT)
    if len(mail.topics) > _MAX_LISTED:
        yield f"  and {len(mail.topics) - _MAX_LISTED} more topics"


def _topic(topic: MailTopic) -> str:
    pieces = [topic.state.replace("-", " ")]
    if topic.behind_records is not None:
        age = f", the oldest for {duration(topic.behind_seconds)}" if topic.behind_seconds else ""
        pieces.append(f"{topic.behind_records:,} wait{age}")
    else:
        pieces.append("how many wait is not known")
    if topic.in_per_second is not None and topic.out_per_second is not None:
        pieces.append(f"in {topic.in_per_second:,.1f}/s, out {topic.out_per_second:,.1f}/s")
    if topic.last_delivery:
        pieces.append(f"last delivered {_time(topic.last_delivery)}")
    if topic.letters:
        pieces.append(f"{topic.letters:,} set aside")
    return "; ".join(pieces)


def _list(title: str, sentences: list[str]) -> Iterator[str]:
    if not sentences:
        return
    yield ""
    yield title
    for sentence in sentences[:_MAX_LISTED]:
        yield from paragraph("- ", sentence, _INDENT)
    if len(sentences) > _MAX_LISTED:
        yield f"- and {len(sentences) - _MAX_LISTED} more"


def _links(mail: AlarmMail) -> Iterator[str]:
    for link in mail.links:
        yield ""
        yield link.label
        yield link.url


def _alarm(mail: AlarmMail) -> Iterator[str]:
    yield ""
    place = f"{mail.region}, account {mail.account}"
    yield from paragraph("", f"{mail.alarm.name} ({place}), {_time(mail.alarm.changed)}", 0)
    yield from paragraph("", mail.alarm.reason, 0)


def _labelled(label: str, text: str) -> Iterator[str]:
    """A command or an address, which is copied: on one line, however long."""
    if text:
        yield f"{label.ljust(8)}{plain(text)}"


def _time(iso: str) -> str:
    """2026-11-28T02:51:07Z as people write it; other forms as they are."""
    return iso.replace("T", " ").replace("Z", " UTC")
