"""``mskv verify``: open the place, run, print; the exit status."""

import sys
from datetime import UTC, datetime

from mskv import exits
from mskv.access import open_access
from mskv.options import Output
from mskv.output import Result, print_result, printable
from mskv.place import Place
from mskv.progress import progress
from mskv.verify.report import Report, as_data, lines, summary
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
    status = exits.OK if report.good else exits.PROBLEM
    if output in {"json", "yaml"}:
        return print_result(Result(as_data(report), "", status), output)
    _print_lines(report)
    return status


def _print_lines(report: Report) -> None:
    from rich.console import Console
    from rich.text import Text

    # Rich leaves colours out by itself where NO_COLOR is set, or no terminal is there.
    console = Console(file=sys.stdout, highlight=False)
    for line, style in lines(report.checks):
        console.print(Text(printable(line), style=style), soft_wrap=True)
    console.print(Text(summary(report), style="bold"), soft_wrap=True)
