"""Functions stay short and expressions flat: the bounds that ruff has no rule for.

Ruff holds the number of branches (C901, PLR0912), parameters (PLR0913) and statements (PLR0915); see pyproject.toml.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = "layers/msk_toolkit/msk_toolkit"
# What is deployed and what runs it on one machine; the bound on conditional expressions counts these together.
PRODUCT = (LAYER, "functions", "local", "mskv", "release")
TREES = (*PRODUCT, "benchmarks", "docs", "tests/e2e", "tests/fakes", "tests/torture")

MAX_CODE_LINES = 40
MAX_BLOCK_DEPTH = 4
MAX_CONDITIONAL_EXPRESSIONS_PER_1000_LINES = 8

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def packages() -> dict[str, list[Path]]:
    """Folders with Python files below ``TREES``, by their path in the checkout."""
    by_folder: dict[str, list[Path]] = {}
    for tree in TREES:
        for path in sorted((ROOT / tree).rglob("*.py")):
            by_folder.setdefault(path.parent.relative_to(ROOT).as_posix(), []).append(path)
    return by_folder


PACKAGES = packages()


def faults(source: str) -> list[str]:
    """What is too long, too deep or too dense in the text of a module, as ``line: what``."""
    tree = ast.parse(source)
    lines = source.splitlines()
    return [f"{line}: {fault}" for line, fault in sorted(_faults(tree, lines))]


def _faults(tree: ast.Module, lines: list[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp) and _holds_another(node):
            yield node.lineno, "conditional expressions nested in one another"
        if isinstance(node, _COMPREHENSIONS) and _has_several_clauses(node):
            yield node.lineno, "comprehension with several clauses"
        if isinstance(node, _FUNCTIONS):
            length = code_lines(node, lines)
            if length > MAX_CODE_LINES:
                yield node.lineno, f"{node.name} has {length} code lines (at most {MAX_CODE_LINES})"
            depth = max(map(_depth, node.body))
            if depth > MAX_BLOCK_DEPTH:
                yield node.lineno, f"{node.name} nests {depth} blocks (at most {MAX_BLOCK_DEPTH})"


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Lines of a function without its docstring, comments and blank lines; the signature counts."""
    text = lines[function.lineno - 1 : function.end_lineno]
    code = sum(1 for line in text if line.strip() and not line.strip().startswith("#"))
    return code - _docstring_lines(function, lines)


def _docstring_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    if ast.get_docstring(function) is None:
        return 0
    docstring = function.body[0]
    return sum(1 for line in lines[docstring.lineno - 1 : docstring.end_lineno] if line.strip())


def _holds_another(conditional: ast.IfExp) -> bool:
    parts = (conditional.test, conditional.body, conditional.orelse)
    return any(isinstance(node, ast.IfExp) for part in parts for node in ast.walk(part))


def _has_several_clauses(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> bool:
    return len(node.generators) > 1 or len(node.generators[0].ifs) > 1


def _depth(node: ast.AST) -> int:
    """Blocks within one another; functions and classes inside count for themselves, an ``elif`` as its ``if``."""
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return 0
    inner = max((_depth(child) for child in ast.iter_child_nodes(node)), default=0)
    if isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        body = max(map(_depth, node.body))
        return max(1 + body, _depth(node.orelse[0]))
    return inner + isinstance(node, _BLOCKS)


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_no_function_of_a_package_is_long_deep_or_dense(package: str) -> None:
    report = [f"{path.relative_to(ROOT)}:{fault}" for path in PACKAGES[package] for fault in faults(path.read_text())]
    assert not report, "\n".join(report)


def test_conditional_expressions_stay_rare() -> None:
    lines = conditionals = 0
    dense = {}
    for package, paths in PACKAGES.items():
        if not package.startswith(PRODUCT):
            continue
        texts = [path.read_text() for path in paths]
        count = sum(isinstance(node, ast.IfExp) for text in texts for node in ast.walk(ast.parse(text)))
        length = sum(len(text.splitlines()) for text in texts)
        conditionals, lines = conditionals + count, lines + length
        if length and 1000 * count / length > MAX_CONDITIONAL_EXPRESSIONS_PER_1000_LINES:
            dense[package] = round(1000 * count / length, 1)
    assert 1000 * conditionals / lines <= MAX_CONDITIONAL_EXPRESSIONS_PER_1000_LINES, dense


@pytest.mark.parametrize(
    ("source", "report"),
    [
        ("a = 1 if b else 2 if c else 3", ["1: conditional expressions nested in one another"]),
        ("a = (1 if b else 2) + (3 if c else 4)", []),
        ("a = [x for y in b for x in y]", ["1: comprehension with several clauses"]),
        ("a = [x for x in b if x if x > 1]", ["1: comprehension with several clauses"]),
        ("a = [x for x in b if x and x > 1]", []),
        ("def f():\n" + "    a = 1\n" * 39, []),
        ("def f():\n" + "    a = 1\n" * 40, ["1: f has 41 code lines (at most 40)"]),
        ("def f():\n" + '    """A\n\n    b.\n    """\n' + "    # why\n\n" * 9 + "    a = 1\n" * 39, []),
        ("def f():\n if a:\n  for b in c:\n   while d:\n    with e:\n     g()", []),
        (
            "def f():\n if a:\n  for b in c:\n   while d:\n    with e:\n     if g:\n      h()",
            ["1: f nests 5 blocks (at most 4)"],
        ),
        ("def f():\n if a:\n  b()\n elif c:\n  d()\n elif e:\n  g()\n elif h:\n  i()\n elif j:\n  k()", []),
    ],
)
def test_each_bound_is_measured(source: str, report: list[str]) -> None:
    assert faults(source) == report
