"""Whether a command that a text shows is one that the command line understands."""

import shlex

import click

from mskv.command_line import commands
from mskv.options import DefaultGroup


def not_understood(text: str) -> str:
    """Why ``mskv ...`` can't be typed like this; empty where it can. Nothing is run."""
    name, *words = shlex.split(text, comments=True)
    assert name == "mskv"
    command: click.Command = commands
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    if command is commands:
        return f"no command {' '.join(words)}"
    if isinstance(command, DefaultGroup):
        command = command.commands[command.default]
    try:
        command.make_context("mskv", words, resilient_parsing=False).close()
    except click.UsageError as error:
        return error.format_message()
    return ""
