"""Whether the SAM CLI on PATH can build the template; a script that needs nothing but Python, for ``make build``.

An older one fails before it runs anything of the project's, with "AttributeError: 'list' object has no attribute 'get'"
(seen with 1.145.2 and 1.159.1), and 1.160.0 with "Fn::Join layout is incorrect".
"""

import re
import subprocess
import sys

_LIMIT_SECONDS = 60
_INSTALL = "pip install --upgrade aws-sam-cli, or with your package manager"


def refusal(oldest: str, output: str | None) -> str | None:
    """Why this SAM CLI can't be taken, in one sentence; None where it can.

    Args:
        oldest: the oldest version that will do, such as 1.160.1.
        output: what ``sam --version`` printed; None where there is no SAM CLI.
    """
    if output is None:
        return f"The SAM CLI is missing: install {oldest} or later ({_INSTALL})."
    version = re.search(r"\d+(\.\d+)+", output)
    if version is None:
        text = repr(output.strip()[:80])
        return f"`sam --version` reports no version ({text}): install the SAM CLI {oldest} or later ({_INSTALL})."
    if _numbers(version.group()) < _numbers(oldest):
        return f"SAM CLI {version.group()} can't build this template: install {oldest} or later ({_INSTALL})."
    return None


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _installed() -> str | None:
    try:
        done = subprocess.run(["sam", "--version"], capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False)
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired:
        return f"no answer within {_LIMIT_SECONDS} s"
    return done.stdout


def main(oldest: str) -> int:
    """Print the refusal, if there is one; returns the exit status."""
    sentence = refusal(oldest, _installed())
    if sentence is None:
        return 0
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
