"""CloudWatch's metric math, as much of it as alarms use: arithmetic, comparison, FILL, IF, MIN, MAX, SUM, AVG, ABS.

Its syntax is that of Python's expressions but for ``&&`` and ``||``.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import NamedTuple

from local.alarms.samples import Series

_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_OVER_ALL: Mapping[str, Callable[[list[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
}


class _Array(NamedTuple):
    """Several time series."""

    series: list[Series]


type _Value = float | Series | _Array


class ExpressionError(Exception):
    """The expression uses what is not supported here."""


def evaluated(expression: str, metrics: Mapping[str, Series]) -> Series:
    """The time series of an expression over series of equal length, by their ids.

    Raises:
        ExpressionError: it uses a function, an operator or a name that is unknown here.
    """
    text = expression.replace("&&", " and ").replace("||", " or ")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise ExpressionError(f"not understood: {expression}") from error
    periods = max(map(len, metrics.values()), default=0)
    return _Evaluation(metrics, periods).series(tree.body)


class _Evaluation:
    def __init__(self, metrics: Mapping[str, Series], periods: int) -> None:
        self._metrics = metrics
        self._periods = periods

    def series(self, node: ast.AST) -> Series:
        value = self._value(node)
        if isinstance(value, int | float):
            return [float(value)] * self._periods
        if isinstance(value, _Array):
            raise ExpressionError(f"an array where a time series is needed: {ast.unparse(node)}")
        return value

    def _value(self, node: ast.AST) -> _Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name) if name in self._metrics:
                return self._metrics[name]
            case ast.List(elts=items):
                return _Array([self.series(item) for item in items])
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name.upper(), arguments)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _combined(operator.sub, [0.0] * self._periods, self.series(operand))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return _combined(_divided, self.series(left), self.series(right))
            case ast.BinOp(left=left, op=kind, right=right) if type(kind) in _OPERATORS:
                return _combined(_OPERATORS[type(kind)], self.series(left), self.series(right))
            case ast.Compare(left=left, ops=[kind], comparators=[right]) if type(kind) in _OPERATORS:
                return _combined(_OPERATORS[type(kind)], self.series(left), self.series(right))
            case ast.BoolOp(op=kind, values=values):
                combine = max if isinstance(kind, ast.Or) else min
                return _over_all(lambda period: float(bool(combine(period))), [self.series(value) for value in values])
        raise ExpressionError(f"not supported: {ast.unparse(node)}")

    def _call(self, name: str, arguments: list[ast.expr]) -> _Value:
        match name, arguments:
            case "FILL", [watched, replacement]:
                return _filled(self.series(watched), self._replacement(replacement))
            case "IF", [condition, then, otherwise]:
                branches = zip(self.series(condition), self.series(then), self.series(otherwise), strict=True)
                return [_chosen(*branch) for branch in branches]
            case "ABS", [watched]:
                return [None if value is None else abs(value) for value in self.series(watched)]
            case "METRICS", []:
                return _Array(list(self._metrics.values()))
            case _, [several] if name in _OVER_ALL:
                return self._over_all(name, several)
        raise ExpressionError(f"not supported: {name} of {len(arguments)}")

    def _over_all(self, name: str, several: ast.expr) -> _Value:
        """Of an array, the function period by period; of a time series, one value over all its periods."""
        value = self._value(several)
        if isinstance(value, _Array):
            return _over_all(_OVER_ALL[name], value.series)
        values = [item for item in self.series(several) if item is not None]
        if values:
            return float(_OVER_ALL[name](values))
        return list[float | None]([None] * self._periods)

    def _replacement(self, node: ast.AST) -> Series | str:
        if isinstance(node, ast.Name) and node.id.upper() in {"REPEAT", "LINEAR"}:
            return node.id.upper()
        return self.series(node)


def _filled(series: Series, replacement: Series | str) -> Series:
    """Without any value there is no time series to fill."""
    if all(value is None for value in series):
        return series
    if not isinstance(replacement, str):
        return [given if value is None else value for value, given in zip(series, replacement, strict=True)]
    if replacement != "REPEAT":
        raise ExpressionError(f"FILL with {replacement} is not supported")
    last: float | None = None
    repeated: Series = []
    for value in reversed(series):
        last = last if value is None else value
        repeated.append(last)
    return repeated[::-1]


def _chosen(condition: float | None, then: float | None, otherwise: float | None) -> float | None:
    if condition is None:
        return None
    return then if condition else otherwise


def _combined(combine: Callable[[float, float], float | None], left: Series, right: Series) -> Series:
    """Period by period; a period without both values has none."""
    values: Series = []
    for first, second in zip(left, right, strict=True):
        value = None if first is None or second is None else combine(first, second)
        values.append(None if value is None else float(value))
    return values


def _divided(left: float, right: float) -> float | None:
    return left / right if right else None


def _over_all(combine: Callable[[list[float]], float], several: list[Series]) -> Series:
    values: Series = []
    for period in zip(*several, strict=True):
        present = [value for value in period if value is not None]
        values.append(float(combine(present)) if present else None)
    return values
