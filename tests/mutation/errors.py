"""Which errors a piece of Python can have, and its source with one of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import NamedTuple

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
# What is said, waited and measured: an error there shows to people, and loses no job.
_QUIET = ("emit", "logger", "log", "_log", "info", "warning", "debug", "error", "exception", "append_line")
Change = Callable[[ast.AST], None]


class Error(NamedTuple):
    """``at`` is the number of the node in the order of `ast.walk`."""

    at: int
    line: int
    what: str
    change: Change


def errors_in(source: str) -> Iterator[Error]:
    for at, node in enumerate(ast.walk(ast.parse(source))):
        line = getattr(node, "lineno", 0)
        for what, change in _changes(node):
            yield Error(at, line, what, change)


def with_error(source: str, error: Error) -> str:
    tree = deepcopy(ast.parse(source))
    for at, node in enumerate(ast.walk(tree)):
        if at == error.at:
            error.change(node)
            break
    return ast.unparse(ast.fix_missing_locations(tree))


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.Compare(ops=[op, *_]) if type(op) in _SWAPS:
            yield from _swap(node, "ops", op)
        case ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in _SWAPS and not _is_type(node):
            yield from _swap(node, "op", op)
        case ast.If() | ast.While() | ast.IfExp():
            if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
                yield f"not ({ast.unparse(node.test)})", _negate
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", lambda n: setattr(n, "value", not n.value)  # type: ignore[attr-defined]
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}", lambda n: setattr(n, "value", n.value + 1)  # type: ignore[attr-defined]
        case ast.Expr(value=ast.Await() | ast.Call()) if not _is_quiet(node):
            yield f"without {ast.unparse(node)}", lambda n: setattr(n, "value", ast.Constant(None))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield f"return None for {ast.unparse(value)}", lambda n: setattr(n, "value", ast.Constant(None))
        case ast.Break():
            yield "break -> continue", lambda n: setattr(n, "__class__", ast.Continue)
        case ast.Continue():
            yield "continue -> break", lambda n: setattr(n, "__class__", ast.Break)


def _swap(node: ast.AST, name: str, op: ast.AST) -> Iterator[tuple[str, Change]]:
    new = _SWAPS[type(op)]

    def change(n: ast.AST) -> None:
        setattr(n, name, [new(), *n.ops[1:]] if name == "ops" else new())  # type: ignore[attr-defined]

    yield f"{type(op).__name__} -> {new.__name__} in {ast.unparse(node)}", change


def _is_type(node: ast.AST) -> bool:
    """Such as `str | None`, or a text that is put together."""
    text = ast.unparse(node)
    return "None" in text or '"' in text or "'" in text or any(w in text for w in ("bytes", "float", "int |"))


def _negate(node: ast.AST) -> None:
    node.test = ast.UnaryOp(ast.Not(), node.test)  # type: ignore[attr-defined]


def _is_quiet(node: ast.Expr) -> bool:
    words = ast.unparse(node).partition("(")[0].replace("await ", "").split(".")
    return any(word in _QUIET or "logger" in word.lower() for word in words)
