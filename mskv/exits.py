"""Exit statuses, the same for every command."""

OK = 0
# Something is wrong with what was looked at.
PROBLEM = 1
# Click's own for wrong options.
USAGE = 2
# Nothing could be looked at: no credentials, no such stack, no answer.
NOT_REACHED = 3
