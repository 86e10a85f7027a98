"""The ten everyday jobs take fewer characters with mskv, and each is a command that there is."""

import shlex

import pytest

from mskv.command_line import commands
from tests.mskv_jobs import Job, jobs, totals

# In a checkout without it on PATH.
_PREFIX = ".venv/bin/"


def test_the_characters_of_the_table_are_those_of_its_commands() -> None:
    assert [(job.characters, job.characters_without) for job in jobs()] == [
        (len(job.command), len(job.without)) for job in jobs()
    ]
    assert totals() == (
        sum(job.characters for job in jobs()),
        sum(job.characters_without for job in jobs()),
    )


def test_ten_jobs_take_at_most_three_hundred_characters_instead_of_twelve_hundred() -> None:
    assert len(jobs()) == 10
    with_mskv, without = totals()
    assert without == 1207
    assert with_mskv + 10 * len(_PREFIX) <= 300


@pytest.mark.parametrize("job", jobs(), ids=lambda job: job.name)
def test_each_job_is_a_command_with_these_arguments(job: Job) -> None:
    program, *arguments = shlex.split(job.command)
    assert program == "mskv"
    context = commands.make_context("mskv", list(arguments))
    name, command, rest = commands.resolve_command(context, arguments)
    assert command
    command.make_context(name, rest, parent=context)
