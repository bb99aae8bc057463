"""Change a rule in one place after the other: the tests must notice each. `python -m hardening.mutants FILE… -- TESTS…`

Every comparison, connective, negation and truth value of the named files is turned around, one at a time, in a copy of the project;
then the named tests run on the copy. Who survives is listed with its line: it is a missing test, or means the same as before.
"""

import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 300

_TURNED: dict[type[ast.AST], type[ast.AST]] = {
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
}


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, what was turned, the whole source with it) for every place."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        for words, changed in _changes(node):
            other = copy.deepcopy(tree)
            target = next(one for at, one in enumerate(ast.walk(other)) if at == number)
            changed(target)
            yield getattr(node, "lineno", 0), words, ast.unparse(ast.fix_missing_locations(other))


def _changes(node: ast.AST):  # type: ignore[no-untyped-def]  # pairs of words and a function that changes such a node
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            turned = _TURNED.get(type(operator))
            if turned is not None:
                words = f"{type(operator).__name__} -> {turned.__name__}"
                yield words, lambda one, at=at, turned=turned: one.ops.__setitem__(at, turned())
    elif isinstance(node, ast.BoolOp):
        turned = _TURNED[type(node.op)]
        yield f"{type(node.op).__name__} -> {turned.__name__}", lambda one, turned=turned: setattr(one, "op", turned())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not x -> not not x", lambda one: setattr(one, "operand", ast.UnaryOp(ast.Not(), one.operand))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} -> {not node.value}", lambda one: setattr(one, "value", not one.value)
    elif isinstance(node, ast.If | ast.IfExp):
        yield "if x -> if not x", lambda one: setattr(one, "test", ast.UnaryOp(ast.Not(), one.test))


def survives(folder: Path, tests: list[str], *, told: bool = False) -> bool:
    """`told`: print what the tests say if they fail."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False  # it goes round in circles, and that is noticed
    if told and ran.returncode:
        sys.stdout.write(ran.stdout.decode(errors="replace")[-2000:] + ran.stderr.decode(errors="replace")[-1000:])
    return ran.returncode == 0


def main() -> int:
    if "--" not in sys.argv:
        sys.stdout.write(f"{__doc__}\n")
        return 2
    at = sys.argv.index("--")
    files, tests = sys.argv[1:at], sys.argv[at + 1 :]
    killed, survivors = 0, []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("app", "tests", "alembic", "chaos", "hardening", "tools", "docs"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", "alembic.ini", "openapi.yaml"):
            shutil.copy(ROOT / part, folder / part)
        if not survives(folder, tests, told=True):
            sys.stdout.write("the tests fail without any change\n")
            return 2
        for file in files:
            source = (folder / file).read_text()
            for line, words, mutant in mutants(source):
                (folder / file).write_text(mutant)
                if survives(folder, tests):
                    survivors.append(f"{file}:{line}: {words}")
                    sys.stdout.write(f"survived  {survivors[-1]}\n")
                    sys.stdout.flush()
                else:
                    killed += 1
            (folder / file).write_text(source)
    sys.stdout.write(f"{killed + len(survivors)} mutants, {killed} killed, {len(survivors)} survived\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
