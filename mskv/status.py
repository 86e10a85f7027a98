"""``mskv status``: the state of the whole path as text."""

from mskv import exits
from mskv.access import open_access
from mskv.output import Result
from mskv.path_answer import PathAnswer
from mskv.path_text import path_lines
from mskv.place import Place
from mskv.progress import Progress


def path_state(place: Place, progress: Progress) -> Result:
    """The state of the path; a problem unless all of it is known and well."""
    access = open_access(place, progress)
    whole, answer = access.invoke("StatusFunction", {}, "reading the state of the path", PathAnswer)
    status = exits.OK if answer.health == "healthy" else exits.PROBLEM
    title = f"{access.stack.name}: {answer.health.upper()} at {answer.time[:10]} {answer.time[11:19]} UTC"
    short = [title, *path_lines(answer, wide=False)]
    long = [title, *path_lines(answer, wide=True)]
    return Result(whole, "\n".join(short), status, wide="\n".join(long))
