"""A stack that was read, and what asks its functions."""

from typing import Any, NamedTuple

import click
import msgspec

from mskv import exits
from mskv.aws.clients import Client, client_maker, invoker_maker, writer_maker
from mskv.aws.functions import Invoker, read_function
from mskv.aws.stack import read_stack
from mskv.errors import NotReachedError
from mskv.facts import Invocation, Stack, Unavailable
from mskv.output import printable
from mskv.place import Place
from mskv.progress import Progress

POLICY = "docs/cli.md has the policy that a caller needs"


class FunctionFailedError(click.ClickException):
    """A function raised an error, or refused what it was asked."""

    exit_code = exits.PROBLEM

    def format_message(self) -> str:
        """The message as a terminal may get it: it may quote a record, or a peer."""
        return printable(self.message)


class Access(NamedTuple):
    """What a command works with.

    Args:
        client: makes a client for questions.
        writer: makes a client for what must not be done twice.
    """

    stack: Stack
    client: Client
    writer: Client
    invoker: Invoker
    progress: Progress

    def invoke[Form: msgspec.Struct](
        self, logical_id: str, event: dict[str, Any], doing: str, form: type[Form]
    ) -> tuple[Any, Form]:
        """The whole answer of a function, by its logical id, and what a command reads of it.

        Args:
            doing: for the progress line.
            form: of :mod:`mskv.answers`.

        Raises:
            NotReachedError: the stack has no such function, or no answer came.
            FunctionFailedError: the function raised an error, or its answer has another form.
        """
        self.progress.say(doing)
        name = self.stack.physical_ids("AWS::Lambda::Function").get(logical_id)
        if name is None:
            raise NotReachedError(f"{self.stack.name} has no {logical_id}", "deploy this version of the template")
        function = read_function(self.client, logical_id, name)
        if isinstance(function, Unavailable):
            raise NotReachedError(f"{function.call}: {function.text}", POLICY)
        answer = answer_of(name, self.invoker.invoke(function, event))
        try:
            return answer, msgspec.convert(answer, form)
        except msgspec.ValidationError as error:
            text = f"{name}: the answer has an unexpected form ({error}): use mskv in the version of the deployed stack"
            raise FunctionFailedError(text) from error

    def check_topic(self, topic: str) -> None:
        """A topic that was typed must be one that the stack forwards; an empty one is fine.

        Raises:
            UsageError: it is not; names those that are.
        """
        forwarded = self.stack.listed("ForwardTopics")
        if topic and topic not in forwarded:
            names = ", ".join(forwarded) or "nothing"
            raise click.UsageError(f"the stack does not forward {topic}; it forwards: {names}")


def open_access(place: Place, progress: Progress) -> Access:
    """Read the stack.

    Raises:
        NotReachedError: no credentials, no answer, or no such stack.
    """
    client = client_maker(place.session, place.endpoint)
    progress.say(f"reading the stack {place.stack} in {place.region}")
    return Access(
        stack=read_stack(client, place.stack, place.region),
        client=client,
        writer=writer_maker(place.session, place.endpoint),
        invoker=Invoker(invoker_maker(place.session, place.endpoint)),
        progress=progress,
    )


def answer_of(name: str, invocation: Invocation) -> Any:
    """The answer, or an error that says why there is none.

    Raises:
        NotReachedError: it may not have run.
        FunctionFailedError: it ran and failed.
    """
    match invocation.outcome:
        case "answered":
            return invocation.answer
        case "raised":
            raise FunctionFailedError(f"{name}: {invocation.text}")
        case "busy":
            remedy = "another invocation is running (a schedule, or another person): try again in a minute"
            raise NotReachedError(f"{name} did not run: {invocation.text}", remedy)
        case "denied":
            raise NotReachedError(f"not allowed to invoke {name}: {invocation.text}", POLICY)
        case "lost":
            remedy = "it may have run: look at the result before you repeat it"
            raise NotReachedError(f"no response from {name}: {invocation.text}", remedy)
