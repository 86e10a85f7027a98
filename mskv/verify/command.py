"""``mskv verify``: open the place, run, print; the exit status."""

import sys
from datetime import UTC, datetime

from mskv import exits
from mskv.access import open_access
from mskv.options import Output
from mskv.output import yaml_text
from mskv.place import Place
from mskv.progress import progress
from mskv.verify.report import Report, as_data, json_text, lines, summary
from mskv.verify.run import verify
from mskv.verify.tools import Consent, Tools


def run_verify(place: Place, consent: Consent, output: Output) -> int:
    """Verify the stack, print the report.

    Raises:
        NotReachedError: nothing could be looked at.
    """
    began = datetime.now(UTC)
    with progress() as reporter:
        access = open_access(place, reporter)
        tools = Tools(access.client, access.writer, access.invoker, reporter)
        checks = verify(access.stack, tools, consent)
    report = Report(stack=access.stack, began=began, ended=datetime.now(UTC), checks=checks)
    _print(report, output)
    if not report.good:
        return exits.PROBLEM
    return exits.OK


def _print(report: Report, output: Output) -> None:
    if output == "json":
        print(json_text(report))
        return
    if output == "yaml":
        print(yaml_text(as_data(report)))
        return
    from rich.console import Console
    from rich.text import Text

    # Rich leaves colours out by itself where NO_COLOR is set, or no terminal is there.
    console = Console(file=sys.stdout, highlight=False)
    for line, style in lines(report.checks):
        console.print(Text(line, style=style), soft_wrap=True)
    console.print(Text(summary(report), style="bold"), soft_wrap=True)
