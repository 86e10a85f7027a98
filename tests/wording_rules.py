"""The phrases and value names that may not come back, and the texts in which they are looked for."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LAYER = ROOT / "layers" / "msk_toolkit" / "msk_toolkit"

# A regular expression and what to write instead; the terms are in docs/glossary.md.
PHRASES: dict[str, str] = {
    r"(?i)\btold\b": "reported, listed, named",
    r"(?i)\b(nobody|nothing) tells\b": "it could not be determined",
    r"(?i)\btells? (drift|alone|all)\b": "reports drift",
    r"(?i)\bstands?\b(?!-in| for\b)|\bstood\b": "is, exists, appears",
    r"(?i)\bmend(s|ed|ing)?\b": "fix",
    r"(?i)\ball the same\b": "anyway, nevertheless",
    r"(?i)\b(be|is) had\b": "is available",
    r"(?i)\bways? out\b|\bway there\b|\bmissing ways?\b|\bways into\b": "route, network path, connectivity option",
    r"(?i)\bon the way\b": "on the path",
    r"(?i)\bas a whole\b": "entire, for every record",
    r"\bWhose\b": "Owner, which",
    r"(?i)(?<!arrived )\bout of order\b": "is failing",
    r"(?i)\bpartial answers?\b": "partial batch response, batch item failures",
    r"(?i)\bwolf\b": "false alarm",
    r"(?i)\b(takes?|took) no\b": "does not accept",
    r"(?i)(?<!there )\b(is|are|was) no (?!longer\b|more\b|\w+ to\b)": "is not a ...",
    r"(?i)\bfor ever\b": "indefinitely, forever",
    r"(?i)\banew\b": "again, re-created",
    r"(?i)\bl(ies|ie|ay) (in|there)\b": "is in",
    r"\bMost (records|bytes|requests|tries|invocations|rows|pollers)\b": "Maximum ...",
    r"(?i)\b(doors?|roads?)\b": "security group rule, route",
    r"(?i)\brooms?\b": "package, folder",
    r"(?i)\bbreath\b": "short load peaks",
    r"(?i)\bhears?\b": "is subscribed, is notified",
    r"(?i)\bas (it|they) should be\b": "up to date",
    r"(?i)\b(no|a) way to (s3|secrets manager|msk|vantiq|lambda|anything|it|the (brokers?|cluster))\b": "no route to",
    r"(?i)\b(comes?|brought) again\b": "is redelivered, is retried",
    r"(?:^|[.;:] )[Ee]lse\b(?! if\b)": "otherwise",
    r"(?i)\botherwise than\b": "differs from",
    r"(?i)\bwishes\b": "requirements",
    r"(?i)\bdemands? a login\b": "requires authentication",
    r"(?i)\beach (two|three|five|ten|thirty|\d+) (seconds|minutes|hours)\b": "every five minutes",
    r"(?i)\blets? (nobody|itself|them|somebody|the functions|what) (in|out)\b": "has no inbound rule for",
    r"(?i)\blet out to\b": "outbound rule",
    r"(?i)\bonly you know\b": "the toolkit cannot know",
    r"(?i)\bwhat AWS told\b": "the AWS configuration",
    r"(?i)\bsomebody may be between\b": "possible man in the middle",
    r"(?i)\bout of sight\b": "not visible",
    r"(?i)\bshows itself\b": "refreshes",
    r"(?i)\btime-outs?\b": "timeout",
    r"(?i)\bshall\b": "must, should",
    r"(?i)\bsomebody\b": "someone, another",
    r"(?i)\bis of no name\b|\bhas no right to\b": "is invalid, is not allowed to",
    r"(?i)\bwhich is not done here\b": "which this tool never does",
    r"(?i)\band was asked (without|in plaintext)\b": "but the client connected in plaintext",
}
SUPPORT = ("tests/e2e", "tests/fakes", "tests/torture")
# A noun says what the value is: topic, broker, response, findings, attempts.
VALUE_NAMES = frozenset({"found", "one", "told", "words", "wanted", "way", "side", "each"})

_FENCE = re.compile(r"^```\w*$")
_INLINE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\]\([^)]*\)")
# Made of Python strings, which are looked at themselves.
_GENERATED = {"settings.md", "runbook.md", "metrics.md", "cost.md"}


class Text(NamedTuple):
    """A text that somebody reads, with its white space folded; ``place`` is its file, and its line in Python."""

    place: str
    text: str


def outside_texts() -> Iterator[Text]:
    """The documents, the template, and whatever else of text a user is given beside Python."""
    for page in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]:
        if page.name not in _GENERATED:
            yield Text(_place(page), prose(page.read_text(encoding="utf-8")))
    for name in ("template.yaml", "samples/clusters/template.yaml", "topics.yaml", "samconfig.toml", "Makefile"):
        # A comment or a description that goes on in the next line is one text.
        folded = re.sub(r"\n\s*#? *", " ", (ROOT / name).read_text(encoding="utf-8"))
        yield Text(name, folded)


def prose(markdown: str) -> str:
    """A page without inline code; blocks stay, because they show what commands print."""
    fences = [_FENCE.sub("", line) for line in _LINK.sub("]", markdown).splitlines()]
    return " ".join(_INLINE.sub("CODE", "\n".join(fences)).split())


def packages() -> dict[str, list[Path]]:
    """The Python files of each package that has its own owner, by the package's name."""
    named = {f"layer/{path.name}": [path] if path.is_file() else sorted(path.rglob("*.py")) for path in LAYER.iterdir()}
    for folder in ("local", "mskv", "functions", "docs", "benchmarks", "release", *SUPPORT):
        named[folder] = sorted((ROOT / folder).rglob("*.py"))
    return {name: files for name, files in sorted(named.items()) if files and files[0].suffix == ".py"}


def python_texts(path: Path) -> Iterator[Text]:
    """Every string of a module, an f-string with {} for its values."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            pieces = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            yield Text(f"{_place(path)}:{node.lineno}", " ".join("".join(map(str, pieces)).split()))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield Text(f"{_place(path)}:{node.lineno}", " ".join(_plain(node.value).split()))


def offences(texts: Iterable[Text]) -> list[str]:
    """A line for each banned phrase: where it is, its surroundings, and what to write instead."""
    lines = []
    for place, text in texts:
        for pattern, instead in PHRASES.items():
            for match in re.finditer(pattern, text):
                around = text[max(0, match.start() - 40) : match.end() + 40]
                lines.append(f"{place}: '{match[0].strip()}' in '...{around}...'; write: {instead}")
    return lines


def value_names(path: Path) -> list[str]:
    """A line for each function in which a value has a name that says nothing."""
    lines = []
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            names = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
            names |= {
                node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
            lines += [f"{_place(path)}:{function.lineno}: {name}" for name in sorted(names & VALUE_NAMES)]
    return lines


def _plain(text: str) -> str:
    """A docstring without code in backticks."""
    return _INLINE.sub("CODE", re.sub(r"``[^`]+``", "CODE", text))


def _place(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
