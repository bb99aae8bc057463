"""What can be changed in a source: one operator, constant, condition or statement at a time. Pure."""

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NOT_RUN = ("annotation", "returns", "type_params", "decorator_list", "pattern")
"""Fields that say what something is, not what it does."""


@dataclass(frozen=True)
class Mutant:
    file: str
    where: str
    """Qualified name of the function or class, `<module>` outside of any."""
    line: int
    change: str
    function: tuple[str, int] | None
    """Qualified name and first line of the outermost function that holds the change; `None`: it takes effect at import."""
    code: CodeType
    """The whole module with the change."""

    @property
    def name(self) -> str:
        """What it is known by in `survivors.toml`: no line number, so that it outlives edits elsewhere in the file."""
        return f"{self.file}::{self.where}: {self.change}"


@dataclass(frozen=True)
class _Place:
    holder: Any
    field: str
    at: int | None
    where: str
    function: tuple[str, int] | None

    def put(self, node: Any) -> None:
        if self.at is None:
            setattr(self.holder, self.field, node)
        else:
            getattr(self.holder, self.field)[self.at] = node


def mutants(source: str, file: str, compiled_as: str) -> Iterator[Mutant]:
    """Every changed form of `source`, one change each; equal changes in one function are numbered."""
    tree = ast.parse(source)
    seen: dict[str, int] = {}
    for node, place in list(_places(tree, "", None)):
        for changed in _changed(node):
            ast.copy_location(changed, node)
            change = f"`{_short(node)}` -> `{_short(changed)}`"
            key = f"{place.where} {change}"
            seen[key] = seen.get(key, 0) + 1
            if seen[key] > 1:
                change += f" ({seen[key]})"
            place.put(changed)
            code = _compiled(tree, compiled_as)
            place.put(node)
            if code is None:
                continue
            yield Mutant(file, place.where or "<module>", getattr(node, "lineno", 0), change, place.function, code)


def _compiled(tree: ast.Module, name: str) -> CodeType | None:
    """None if Python refuses it, as it does a pattern behind one that catches everything."""
    try:
        return compile(ast.fix_missing_locations(tree), name, "exec")
    except SyntaxError:
        return None


def _short(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:110]


def _places(node: ast.AST, where: str, function: tuple[str, int] | None) -> Iterator[tuple[ast.AST, _Place]]:
    for field, value in ast.iter_fields(node):
        if field in _NOT_RUN:
            continue
        inside = function
        if isinstance(node, _FUNCTIONS) and field == "args":
            inside = None if function is None else function  # defaults are made where the function is
        elif isinstance(node, _FUNCTIONS) and field == "body" and function is None:
            inside = (where, min([node.lineno, *(one.lineno for one in node.decorator_list)]))
        listed = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for at, child in listed:
            if not isinstance(child, ast.AST) or _is_words(child):
                continue
            named = isinstance(child, (*_FUNCTIONS, ast.ClassDef))
            inner = _inside(where, child.name, inside) if named else where  # type: ignore[attr-defined]  # it has a name
            yield child, _Place(node, field, at, where, inside)
            yield from _places(child, inner, inside)


def _inside(where: str, name: str, function: tuple[str, int] | None) -> str:
    if not where:
        return name
    return f"{where}.<locals>.{name}" if function is not None else f"{where}.{name}"


def _is_words(node: ast.AST) -> bool:
    """A docstring, a type alias, or what only a type checker runs."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and re.match("_?[A-Z][a-z]", node.targets[0].id):
        return isinstance(node.value, ast.BinOp)
    words = ("assert_never", "cast", "TypeVar", "NewType")
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in words


def _changed(node: ast.AST) -> Iterator[Any]:
    """The forms that `node` may be changed to."""
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            for turned in _turned(operator):
                other = copy.deepcopy(node)
                other.ops[at] = turned
                yield other
    elif isinstance(node, ast.BoolOp | ast.BinOp):
        for turned in _turned(node.op):
            other_ = copy.deepcopy(node)
            other_.op = turned
            yield other_
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield copy.deepcopy(node.operand)
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        call = copy.deepcopy(node)
        call.func = ast.Name(_CALLS[node.func.id], ast.Load())
        yield call
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield from _with_test(node, "test")
    elif isinstance(node, ast.comprehension) and node.ifs:
        for at in range(len(node.ifs)):
            kept = copy.deepcopy(node)
            del kept.ifs[at]
            yield kept
    elif isinstance(node, ast.match_case) and node.guard is not None:
        unguarded = copy.deepcopy(node)
        unguarded.guard = None
        yield unguarded
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        if not _is_words(node.value):
            yield ast.Pass()
    elif isinstance(node, ast.Return) and node.value is not None:
        # Where False is returned, None would be as false.
        if not (isinstance(node.value, ast.Constant) and (node.value.value is None or node.value.value is False)):
            yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Raise | ast.Continue | ast.AugAssign):
        yield ast.Pass()
    elif isinstance(node, ast.Break):
        yield ast.Continue()


def _turned(operator: ast.AST) -> Iterator[Any]:
    if type(operator) in _OPERATORS:
        yield _OPERATORS[type(operator)]()


def _other_constants(value: object) -> Iterator[ast.Constant]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)


def _with_test(node: Any, field: str) -> Iterator[Any]:
    """Always, and never: stronger than turning the condition round."""
    for value in (True, False):
        if isinstance(node, ast.While) and value:
            continue  # it would only go round in circles
        other = copy.deepcopy(node)
        setattr(other, field, ast.Constant(value))
        yield other
