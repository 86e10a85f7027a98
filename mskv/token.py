"""What ``mskv token`` writes to the secret of Vantiq's token, and how the token is tested."""

from typing import Any

import click

from mskv import exits
from mskv.access import POLICY, Access, FunctionFailedError, open_access
from mskv.answers import LagAnswer, TargetsAnswer
from mskv.approval import approve
from mskv.aws.secrets import Secret, read_secret, write_secret
from mskv.cluster import lag_table
from mskv.errors import NotReachedError
from mskv.facts import Unavailable
from mskv.options import Output
from mskv.output import Result, print_before_approval, print_result
from mskv.place import Place
from mskv.progress import Progress, progress
from mskv.token_secret import with_token

_PARAMETER = "VantiqTokenSecretArn"
_FIRST_USE = (
    "connect reads the secret in each run; a running forwarder reads it when Vantiq refuses the token that it has"
)


def tested(place: Place, reporter: Progress) -> Result:
    """Requests to Vantiq with the token in the secret, which only read; a problem if Vantiq does not accept it."""
    return _test(open_access(place, reporter))


def set_approved(place: Place, token: str, output: Output, *, yes: bool) -> int:
    """Show which secret gets the token and in which form, have it approved, write it, test it. Returns the exit status.

    Raises:
        UsageError: nobody is there to approve.
        NotReachedError: the secret can't be read.
        FunctionFailedError: the secret can't be written.
        KeyboardInterrupt: Ctrl-C; behind the write, what was written is said first.
    """
    with progress() as reporter:
        access = open_access(place, reporter)
        arn, former = _former(access)
    assert former.text is not None  # noqa: S101 - _former refuses it
    new = with_token(former.text, token)
    if new.text == former.text:
        print_before_approval(f"{arn} holds this token already", output)
        with progress() as reporter:
            return print_result(_test(access._replace(progress=reporter)), output)
    plan = [
        f"secret   {arn}",
        f"write    {new.form}",
        f"former   version {former.version}, which stays as AWSPREVIOUS",
        f"test     the stack asks {access.stack.parameters.get('VantiqUrl', 'Vantiq')} for the forwarder's targets",
    ]
    print_before_approval("\n".join(plan), output)
    if not yes:
        approve("Write the token to this secret?")
    with progress() as reporter:
        result = _written_and_tested(access._replace(progress=reporter), arn, former, new.text)
    return print_result(result, output)


def _former(access: Access) -> tuple[str, Secret]:
    arn = access.stack.parameters.get(_PARAMETER, "")
    if not arn:
        raise NotReachedError(f"{access.stack.name} has no parameter {_PARAMETER}", "deploy this version")
    access.progress.say("reading the secret")
    secret = read_secret(access.client, arn)
    if isinstance(secret, Unavailable):
        raise NotReachedError(f"{arn}: {secret.call}: {secret.text}", POLICY)
    if secret.text is None:
        raise click.UsageError(f"{arn} holds binary data, which no function reads: store text in it")
    return arn, secret


def _written_and_tested(access: Access, arn: str, former: Secret, text: str) -> Result:
    access.progress.say("writing the secret")
    version = write_secret(access.writer, arn, text)
    if isinstance(version, Unavailable):
        raise FunctionFailedError(f"{arn}: {version.call}: {version.text}")
    written = f"written: version {version}"
    back = (
        f"back to the former version: aws secretsmanager update-secret-version-stage --secret-id {arn} "
        f"--version-stage AWSCURRENT --move-to-version-id {former.version} --remove-from-version-id {version}"
    )
    try:
        test, waiting = _test_of_written(access), _waiting(access)
    except KeyboardInterrupt:
        # Whoever stops here must know what was done.
        click.echo(f"{written}\n{back}", err=True)
        raise
    data = {"secret": arn, "version": version, "formerVersion": former.version, "test": test.data}
    lines = [written, test.text, _FIRST_USE]
    if waiting:
        data["groups"], table = waiting
        lines.append(f"waiting:\n{table}")
    return Result(data, "\n".join([*lines, back]), test.exit_status)


def _test_of_written(access: Access) -> Result:
    """The test; one that could not be made does not hide that the token is written."""
    try:
        return _test(access)
    except FunctionFailedError as error:
        return Result(None, f"not tested: {error.message}", exits.PROBLEM)
    except NotReachedError as error:
        return Result(None, f"not tested: {error}\n  -> {error.remedy}", exits.NOT_REACHED)


def _test(access: Access) -> Result:
    """Ask for the forwarder's targets: whatever Vantiq says of them, it has accepted the token."""
    whole, answer = access.invoke("ConnectFunction", {"action": "check"}, "asking Vantiq", TargetsAnswer)
    unknown = [target for target in answer.targets if target.state == "unknown"]
    if answer.targets and len(unknown) < len(answer.targets):
        return Result(whole, f"Vantiq accepts the token\n{answer.table}", exits.OK)
    reasons = [target.reason for target in unknown] or answer.problems
    text = "the stack forwards to no target, so nothing was asked"
    if reasons:
        text = reasons[0]
    if len(reasons) > 1:
        text += f" (and {len(reasons) - 1} more alike)"
    return Result(whole, f"the test failed: {text}", exits.PROBLEM)


def _waiting(access: Access) -> tuple[Any, str] | None:
    """The lag of the forwarder's groups; None where the probe does not say."""
    try:
        whole, answer = access.invoke("ConsumerProbeFunction", {}, "asking what waits in Kafka", LagAnswer)
    except (FunctionFailedError, NotReachedError):
        # The token is written and tested: that is what was asked for.
        return None
    return whole["groups"], lag_table(answer.groups)
