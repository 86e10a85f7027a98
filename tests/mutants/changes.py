"""Changes to a module, one at a time: operators, bounds, constants, conditions, calls left out."""

import ast
import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
# What is not behaviour: types, documentation, and what only a developer reads.
_SKIPPED_FUNCTIONS = {"__repr__", "__str__"}


class Change(NamedTuple):
    """One changed piece of a module's text.

    Args:
        function: where it is, as ``Class.method``; empty at module level.
        before, after: source text, on one line.
        source: the module with the change.
    """

    line: int
    function: str
    before: str
    after: str
    source: str


def changes(source: str) -> Iterator[Change]:
    """Every change that this module knows of, in the order of the text."""
    lines = source.splitlines(keepends=True)
    for node, function in _nodes(ast.parse(source), ""):
        for mutated in _variants(node):
            # Of a condition its test alone is replaced: an elif is part of the statement before it.
            place = node.test if isinstance(node, ast.If | ast.IfExp | ast.While) else node
            before, after = ast.unparse(place), _text_of(mutated)
            yield Change(node.lineno, function, before, after, _replaced(lines, place, after))


def _nodes(tree: ast.AST, function: str) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    for child in _behaviour(tree):
        inner = function
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            if child.name in _SKIPPED_FUNCTIONS:
                continue
            inner = f"{function}.{child.name}".lstrip(".")
        if isinstance(child, ast.expr | ast.stmt):
            yield child, inner
        yield from _nodes(child, inner)


def _behaviour(node: ast.AST) -> Iterator[ast.AST]:
    """A node's children without annotations, decorators, imports, docstrings and messages."""
    if isinstance(node, ast.AnnAssign):
        yield from filter(None, [node.value])
        return
    if isinstance(node, ast.arguments):
        yield from node.defaults
        yield from filter(None, node.kw_defaults)
        return
    if isinstance(node, ast.FunctionDef):
        yield node.args
        yield from node.body
        return
    if isinstance(node, ast.ClassDef):
        # How an instance is made (kw_only, frozen) and collected (gc) is not what it holds.
        yield from node.body
        return
    if isinstance(node, ast.JoinedStr | ast.Raise | ast.Import | ast.ImportFrom | ast.TypeAlias):
        return
    yield from ast.iter_child_nodes(node)


def _variants(node: ast.AST) -> Iterator[ast.AST | None]:
    """Other nodes in this one's place; None leaves a statement out."""
    for kind, variants in _VARIANTS:
        if isinstance(node, kind):
            yield from variants(node)


def _comparison(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        mutated = copy.deepcopy(node)
        mutated.ops[index] = _COMPARISONS[type(operator)]()
        yield mutated


def _boolean(node: ast.BoolOp) -> Iterator[ast.AST]:
    mutated = copy.deepcopy(node)
    mutated.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield mutated


def _arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    operator = _ARITHMETIC.get(type(node.op))
    is_type = isinstance(node.right, ast.Constant) and node.right.value is None
    if operator is not None and not is_type:
        mutated = copy.deepcopy(node)
        mutated.op = operator()
        yield mutated


def _negation(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield node.operand


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)


def _condition(node: ast.If | ast.IfExp | ast.While) -> Iterator[ast.AST]:
    # Comparisons and the like are changed themselves.
    if isinstance(node.test, ast.Name | ast.Attribute | ast.Call):
        yield ast.UnaryOp(ast.Not(), node.test)


def _call(node: ast.Call) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        mutated = copy.deepcopy(node)
        mutated.func = ast.Name(_CALLS[node.func.id])
        yield mutated


def _statement(node: ast.stmt) -> Iterator[None]:
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if not is_docstring:
        yield None


def _result(node: ast.Return) -> Iterator[ast.AST]:
    if node.value is not None and not isinstance(node.value, ast.Constant):
        yield ast.Return(ast.Constant(None))


_VARIANTS: tuple[tuple[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[ast.AST | None]]], ...] = (
    (ast.Compare, _comparison),
    (ast.BoolOp, _boolean),
    (ast.BinOp, _arithmetic),
    (ast.UnaryOp, _negation),
    (ast.Constant, _constant),
    ((ast.If, ast.IfExp, ast.While), _condition),
    (ast.Call, _call),
    ((ast.Expr, ast.AugAssign, ast.Delete), _statement),
    (ast.Return, _result),
)


def _text_of(node: ast.AST | None) -> str:
    if node is None:
        return "pass"
    text = ast.unparse(ast.fix_missing_locations(node))
    return f"({text})" if isinstance(node, ast.expr) else text


def _replaced(lines: list[str], node: ast.expr | ast.stmt, text: str) -> str:
    """The module with other text in a node's place; columns are counted in bytes of UTF-8."""
    assert node.end_lineno is not None
    first, last = lines[node.lineno - 1].encode(), lines[node.end_lineno - 1].encode()
    indent = b" " * node.col_offset
    inner = text.encode().replace(b"\n", b"\n" + indent)
    changed = first[: node.col_offset] + inner + last[node.end_col_offset :]
    return "".join(lines[: node.lineno - 1]) + changed.decode() + "".join(lines[node.end_lineno :])
