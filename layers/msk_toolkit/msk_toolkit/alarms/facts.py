"""What is known of the path when an alarm changes: the part of a mail that is read from logs and AWS."""

from typing import NamedTuple

from msk_toolkit.alarms.document import MailProblem, MailTopic


class Place(NamedTuple):
    """Where the stack is; ``option`` is what a command needs to find it."""

    stack: str
    region: str
    account: str
    partition: str = "aws"

    @property
    def option(self) -> str:
        """The options of ``mskv``."""
        return f"--stack {self.stack} --region {self.region}"

    def log_group(self, function: str) -> str:
        """The log group of a function, by its name without the stack's."""
        return f"/aws/lambda/{self.stack}-{function}"


class MailFacts(NamedTuple):
    """What was read, all of it as of now.

    Args:
        problem: what explains the alarm; None where nothing does.
        likely: a problem of another part that may be behind it, where nothing explains it.
        topics: the forwarded topics.
        set_aside: dead letters that wait, None where they could not be counted.
        also: further problems, a sentence each.
        unread: what could not be read, and why.
        expiring: topics whose retention may delete records that wait, a sentence each.
        option: what a command needs to find the stack, empty where that is not known.
        is_known: whether the path's state is known; otherwise that no problem was found says nothing.
    """

    problem: MailProblem | None = None
    likely: MailProblem | None = None
    topics: tuple[MailTopic, ...] = ()
    set_aside: int | None = None
    also: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    expiring: tuple[str, ...] = ()
    option: str = ""
    is_known: bool = False


class AlarmStart(NamedTuple):
    """When an alarm went off, in seconds since 1970, and what was wrong then."""

    at: float
    problem: MailProblem
