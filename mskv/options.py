"""Options that the commands share, and the place that they name."""

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from mskv.place import Place

Output = Literal["table", "wide", "json", "yaml"]

_SAMCONFIG = Path("samconfig.toml")
_WATCH_SECONDS = 5.0


class Time(click.ParamType):
    """A time in UTC: an instant, or how long ago."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time; a usage error where it is none."""
        if isinstance(value, datetime):
            return value
        from mskv.times import parse_time

        try:
            return parse_time(value, datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


TIME = Time()


class DefaultGroup(click.Group):
    """A group of commands one of which, ``default``, is meant where none is named."""

    default = ""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Put the default command in front of anything but a command or a question for help."""
        names = {*self.commands, *context.help_option_names}
        # A shell's completion still looks for the command.
        if not context.resilient_parsing and (not arguments or arguments[0] not in names):
            arguments = [self.default, *arguments]
        return super().parse_args(context, arguments)


def place_options(command: Any) -> Any:
    """The options that say which stack; the command gets ``place``."""

    @functools.wraps(command)
    def with_place(
        *arguments: Any,
        stack: str | None,
        region: str | None,
        profile: str | None,
        local: bool,
        local_run: Path | None,
        **options: Any,
    ) -> Any:
        place = place_named(stack, region, profile, local=local, local_run=local_run)
        return command(*arguments, place=place, **options)

    options = (
        click.option(
            "--stack",
            metavar="NAME",
            envvar="MSKV_STACK",
            help="Name of the stack (default: samconfig.toml's).",
        ),
        click.option(
            "--region",
            metavar="REGION",
            help="Its Region (default: samconfig.toml's for its stack, the profile's).",
        ),
        click.option("--profile", metavar="NAME", help="AWS profile (default: the environment's)."),
        click.option("--local", is_flag=True, envvar="MSKV_LOCAL", help="Use the local system of `make up` instead."),
        # Tests bring up a system of their own.
        click.option("--local-run", type=click.Path(path_type=Path), envvar="MSKV_LOCAL_RUN", hidden=True),
    )
    return _with_options(with_place, options)


def place_named(
    stack: str | None, region: str | None, profile: str | None, *, local: bool, local_run: Path | None
) -> "Place":
    """The place that these options name.

    Raises:
        UsageError: they name none, or exclude each other.
        NotReachedError: there is no such place.
    """
    if local:
        return _local_place(stack, region, profile, local_run)
    return _aws_place(stack, region, profile)


def output_option(command: Any) -> Any:
    """``-o``."""
    choices = click.Choice(["table", "wide", "json", "yaml"])
    return click.option("-o", "--output", type=choices, default="table", show_default=True)(command)


def watch_option(command: Any) -> Any:
    """``-w``, with or without seconds."""
    return click.option(
        "-w",
        "--watch",
        type=click.FloatRange(min=1),
        is_flag=False,
        flag_value=_WATCH_SECONDS,
        default=None,
        metavar="[SECONDS]",
        help=f"Repeat until interrupted (default: every {_WATCH_SECONDS:.0f} s).",
    )(command)


def configured(text: str) -> dict[str, str]:
    """What a samconfig.toml says in its default environment: ``stack_name``, ``region``, ``profile``.

    The section of the deployment wins over the global one, as in SAM.

    Raises:
        ValueError: it is not TOML, or not of SAM's form.
    """
    import tomllib

    try:
        sections: Mapping[str, Any] = tomllib.loads(text).get("default", {})
        values = {
            **sections.get("global", {}).get("parameters", {}),
            **sections.get("deploy", {}).get("parameters", {}),
        }
    except (tomllib.TOMLDecodeError, AttributeError, TypeError) as error:
        raise ValueError(f"samconfig.toml can't be read: {error}") from error
    return {key: str(values[key]) for key in ("stack_name", "region", "profile") if values.get(key)}


def _with_options(command: Any, options: tuple[Callable[[Any], Any], ...]) -> Any:
    for option in reversed(options):
        command = option(command)
    return command


def _local_place(stack: str | None, region: str | None, profile: str | None, local_run: Path | None) -> "Place":
    if stack or region or profile:
        raise click.UsageError(
            "--local can't be combined with --stack, --region or --profile; MSKV_LOCAL=1 means --local"
        )
    from mskv.local_system import on_this_machine

    return on_this_machine(local_run)


def _aws_place(stack: str | None, region: str | None, profile: str | None) -> "Place":
    if not stack:
        values = _samconfig()
        stack = values.get("stack_name")
        region = region or values.get("region")
        profile = profile or values.get("profile")
    if not stack:
        raise click.UsageError(
            "missing --stack NAME: set MSKV_STACK, run it beside a samconfig.toml with a stack_name, or use --local "
            "for the system of `make up`"
        )
    from mskv.place import on_aws

    return on_aws(stack, region, profile)


def _samconfig() -> dict[str, str]:
    if not _SAMCONFIG.is_file():
        return {}
    try:
        return configured(_SAMCONFIG.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from error
