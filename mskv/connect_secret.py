"""What ``mskv connect secret`` does with a SCRAM secret: looks, shows the plan, asks, carries it out.

It asks AWS itself, with the caller's permissions: a secret is needed before the stack, and the stack's functions may
neither make secrets nor change a cluster.
"""

from typing import NamedTuple

import click

from mskv import exits
from mskv.access import FunctionFailedError
from mskv.approval import approve
from mskv.aws.clients import Client, client_maker, writer_maker
from mskv.aws.scram import (
    associate,
    copy_scram_secret,
    create_scram_secret,
    disassociate,
    read_key,
    read_scram_cluster,
    read_scram_secret,
)
from mskv.aws.stack import read_stack
from mskv.errors import NotReachedError
from mskv.facts import Unavailable
from mskv.options import Output
from mskv.output import Result, print_before_approval, print_result
from mskv.place import Place
from mskv.progress import progress
from mskv.scram_plan import KeyFacts, Observed, SecretFacts, Step, Wish, is_refused, needs, plan_secret

_POLICY = "docs/rotation.md has the permissions that a caller needs"
# Of the stack: what it logs in with.
_USED = ("ScramSecretArn", "ScramUserSecretArns")


class Where(NamedTuple):
    """Which cluster and key are meant; without a cluster that of the stack, without a key that of the copied secret."""

    cluster: str = ""
    key: str = ""


def change_secret(place: Place, wish: Wish, where: Where, output: Output, *, yes: bool) -> int:
    """Show the plan, have it approved, carry it out. Returns the exit status.

    Raises:
        UsageError: nobody is there to approve.
        NotReachedError: AWS can't be asked.
        FunctionFailedError: AWS has refused a step.
    """
    with progress() as reporter:
        reporter.say("asking AWS about secret, key and cluster")
        observed = _observe(place, wish, where)
    steps = plan_secret(wish, observed)
    lines = [step.line() for step in steps]
    if is_refused(steps):
        return print_result(_result(steps, "nothing was changed", exits.PROBLEM), output)
    if not any(step.kind in {"create", "associate", "disassociate"} for step in steps):
        return print_result(_result(steps, "nothing to do", exits.OK), output)
    print_before_approval("\n".join([*lines, *needs()]), output)
    if not yes:
        approve("Carry this out?")
    with progress() as reporter:
        reporter.say("carrying it out")
        arn, problem = _carried_out(writer_maker(place.session, place.endpoint), wish, observed, steps)
    text = f"{arn}\nnot done: {problem}" if problem else f"{arn}\ndone"
    status = exits.PROBLEM if problem else exits.OK
    return print_result(Result({"secret": arn, "problem": problem, "plan": _plan(steps)}, text, status), output)


def _result(steps: list[Step], ending: str, status: int) -> Result:
    text = "\n".join([*(step.line() for step in steps), *needs(), ending])
    return Result({"secret": None, "problem": ending if status else "", "plan": _plan(steps)}, text, status)


def _plan(steps: list[Step]) -> list[dict[str, str]]:
    return [{"step": step.kind, "text": step.text} for step in steps]


def _observe(place: Place, wish: Wish, where: Where) -> Observed:
    client = client_maker(place.session, place.endpoint)
    parameters = _parameters(client, place, needed=not where.cluster)
    cluster = where.cluster or parameters.get("ClusterArn", "")
    if not cluster and parameters.get("ClusterName"):
        raise click.UsageError(
            f"{place.stack} has no cluster on MSK, which alone takes users from secrets: add the user in Kafka itself, "
            "or name an MSK cluster with --cluster"
        )
    used = tuple(filter(None, ",".join(parameters.get(name, "") for name in _USED).split(",")))
    secret = _known(read_scram_secret(client, wish.name))
    key = None
    if wish.action == "create" and secret is None:
        key = _key(client, wish, where)
    described = _known(read_scram_cluster(client, cluster)) if cluster else None
    return Observed(secret, key, described, used)


def _parameters(client: Client, place: Place, *, needed: bool) -> dict[str, str]:
    """The stack's; a secret may be older than its stack."""
    try:
        return read_stack(client, place.stack, place.region).parameters
    except NotReachedError:
        if needed:
            raise
        return {}


def _key(client: Client, wish: Wish, where: Where) -> KeyFacts | None:
    name = where.key
    if not name and wish.copy_of:
        other: SecretFacts | None = _known(read_scram_secret(client, wish.copy_of))
        if other is None:
            raise NotReachedError(
                f"there is no secret {wish.copy_of} to copy", "check its name, --region and --profile"
            )
        name = other.key
    return _known(read_key(client, name)) if name else None


def _known[T](answer: T | Unavailable) -> T:
    if isinstance(answer, Unavailable):
        raise NotReachedError(f"{answer.call}: {answer.text}", _POLICY)
    return answer


def _carried_out(writer: Client, wish: Wish, observed: Observed, steps: list[Step]) -> tuple[str, str]:
    """The secret's ARN, and why the last step was not done, if it was not."""
    arn = observed.secret.arn if observed.secret else ""
    for step in steps:
        cluster = observed.cluster.arn if observed.cluster else ""
        if step.kind == "create" and observed.key is not None:
            made = _created(writer, wish, observed.key.arn)
            if isinstance(made, Unavailable):
                raise FunctionFailedError(f"{made.call}: {made.text}")
            arn = made
        elif step.kind in {"associate", "disassociate"}:
            change = associate if step.kind == "associate" else disassociate
            unprocessed = change(writer, cluster, arn)
            if isinstance(unprocessed, Unavailable):
                return arn, f"{unprocessed.call}: {unprocessed.text}"
            if unprocessed:
                return arn, f"MSK has not processed the secret: {unprocessed}"
    return arn, ""


def _created(writer: Client, wish: Wish, key: str) -> str | Unavailable:
    if wish.copy_of:
        return copy_scram_secret(writer, wish.name, key, wish.copy_of)
    return create_scram_secret(writer, wish.name, key, wish.user)
