"""The house itself: borders between rooms, what must never be committed, words that are gone."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from app.domain.commands import Command
from app.domain.decisions.plan import Plan
from app.domain.delivery.outcomes import Outcome, Verdict
from app.domain.events import Event

ROOT = Path(__file__).parent.parent


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


LINES = 300
"""Of a module. What is longer is two topics, or says why it is one."""
LEFT_WHOLE = {
    "app/services/planning/people.py": "one index of everybody a round knows: to load, find, merge and save changes the same maps",
    "app/domain/reasons.py": "a catalogue: each reason with its words in both languages",
    "app/storage/engine/tables.py": "the tables, compared with the migrations as one",
}
FILES = 12
"""Of a folder: more are not read as a list any more."""


def test_a_module_of_more_than_300_lines_is_one_of_the_few_with_a_reason() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in (ROOT / "app").rglob("*.py")}
    long = {name for name, length in lengths.items() if length > LINES}
    assert long - LEFT_WHOLE.keys() == set(), "split it by topic, or say in LEFT_WHOLE why it is one"
    assert LEFT_WHOLE.keys() - long == set(), "it is short by now: take it off the list"


def test_a_folder_has_at_most_twelve_modules() -> None:
    modules = Counter(
        path.parent.relative_to(ROOT).as_posix()
        for room in ("app", "tests")
        for path in (ROOT / room).rglob("*.py")
        if path.name != "__init__.py"
    )
    assert {folder: number for folder, number in modules.items() if number > FILES} == {}


def test_imports_point_down() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    linted = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(r"py" r"pi\.org|pythonhosted" r"\.org|npm" r"js\.(com|org)", id="package registry"),
        pytest.param(r"/(root|work|home/\w+)" r"/(main|shared|\.pyenv)", id="path of a machine"),
        pytest.param(r"BEGIN (RSA|EC|OPENSSH) PRIVATE " r"KEY", id="private key"),
    ],
)
def test_nothing_committed_names_a(what: str) -> None:
    found = [path.relative_to(ROOT).as_posix() for path in tracked() if re.search(what, path.read_text(errors="replace"))]
    assert found == []


def test_the_lock_files_carry_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "index-url" not in text
        pinned = re.findall(r"^[a-z0-9_.-]+==", text, flags=re.MULTILINE | re.IGNORECASE)
        assert len(pinned) > 40


def test_ci_calls_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / "README.md").read_text()
    assert "\nmake test\n" in (ROOT / ".ci" / "run").read_text()


def test_every_module_that_the_documentation_names_exists() -> None:
    missing = {
        f"{page.name}: {name}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for name in re.findall(r"`([\w/]+/\w+\.py)`", page.read_text())
        if not any((base / name).is_file() for base in (ROOT, ROOT / "app"))
    }
    assert missing == set()


def test_no_test_imports_another() -> None:
    imported = re.compile(r"^ *from tests\.(?:\w+\.)*test_\w+ import", re.MULTILINE)
    assert [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py") if imported.search(path.read_text())] == []


def test_a_connection_to_sqlite_that_is_opened_for_a_block_is_closed_behind_it() -> None:
    """As a context manager a connection ends a transaction and closes nothing, of which Python warns since 3.13."""
    left_open = re.compile(r"with sqlite3\.connect")
    programs = [path for path in tracked() if path.suffix == ".py"]
    assert [path.relative_to(ROOT).as_posix() for path in programs if left_open.search(path.read_text())] == []


CLOSED = {
    kind.__name__: union
    for union, kinds in (("Event", Event), ("Command", Command), ("Plan", Plan), ("Verdict", Verdict), ("Outcome", Outcome))
    for kind in get_args(kinds)
}


def test_no_rule_asks_by_isinstance_for_one_kind_of_a_closed_union() -> None:
    """It would answer "no" for a kind added later, and nobody would notice: a `match` with `assert_never` or a trait asks instead.

    Whether a call was `Delivered` may be asked so in the services: of every other outcome it is true that it was not.
    """
    found = set()
    for room in ("domain", "services", "sources"):
        for path in (ROOT / "app" / room).rglob("*.py"):
            asked = [
                name.id
                for call in ast.walk(ast.parse(path.read_text()))
                if isinstance(call, ast.Call) and _called(call) == "isinstance"
                for name in ast.walk(call.args[1])
                if isinstance(name, ast.Name)
            ]
            found |= {
                f"{path.relative_to(ROOT)}: {name}"
                for name in asked
                if name in CLOSED and (room == "domain" or CLOSED[name] != "Outcome")
            }
    assert found == set()


FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def test_no_function_within_a_function_names_itself() -> None:
    """It and all that it holds would be a cycle, made anew with every call, and go only when Python searches for garbage."""
    found = {
        f"{path.relative_to(ROOT)}: {inner.name}"
        for path in (ROOT / "app").rglob("*.py")
        for outer in ast.walk(ast.parse(path.read_text()))
        if isinstance(outer, FUNCTIONS)
        for inner in ast.walk(outer)
        if isinstance(inner, FUNCTIONS) and inner is not outer
        if any(isinstance(one, ast.Name) and one.id == inner.name for one in ast.walk(inner))
    }
    assert found == set()


ASSERTING = {"raises", "fail", "warns", "expect", "run_state_machine_as_test"}
"""Of pytest, Playwright and Hypothesis: what fails by itself."""


def test_every_test_asserts_something_itself_or_by_a_helper() -> None:
    """A test that cannot fail is a defect."""
    calls, asserting, tests = dict[str, set[str]](), set[str](), set[str]()
    for path in (ROOT / "tests").rglob("*.py"):
        for one in functions_of(path):
            inside = list(ast.walk(one))
            called = {_called(call) for call in inside if isinstance(call, ast.Call)}
            calls.setdefault(one.name, set()).update(called)
            if called & ASSERTING or any(isinstance(part, ast.Assert | ast.Raise) for part in inside):
                asserting.add(one.name)
            if one.name.startswith("test_"):
                tests.add(f"{path.relative_to(ROOT)}: {one.name}")
    while more := {name for name, called in calls.items() if name not in asserting and called & asserting}:
        asserting |= more
    assert {name for name in tests if name.rpartition(" ")[2] not in asserting} == set()


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """One file at a time: all trees at once are millions of objects, in which garbage would be looked for."""
    for part in ast.parse(path.read_text()).body:
        for one in part.body if isinstance(part, ast.ClassDef) else [part]:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                yield one


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def test_no_class_or_function_has_a_name_that_the_glossary_calls_gone() -> None:
    gone = (ROOT / "docs" / "glossary.md").read_text().split("are gone; a test looks for them")[1]
    names = {name for row in gone.split("\n") if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert len(names) > 40
    defined = re.compile(rf"^ *(?:class|def|async def) ({'|'.join(sorted(names))})\b", re.MULTILINE)
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for room in ("app", "chaos")
        for path in (ROOT / room).rglob("*.py")
        if "sandbox" not in path.parts  # it plays other people's systems, in their words
        for name in defined.findall(path.read_text())
    }
    assert found == set()


def first_column(beginning: str) -> list[str]:
    """Of a table of the glossary, by the words before that table."""
    table = (ROOT / "docs" / "glossary.md").read_text().split(beginning)[1].split("\n\n")[1]
    return [name for row in table.split("\n") if row.startswith("| `") for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


_JOINED = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\s]+(?:# )?")


@cache  # two tests look through the same pages
def spoken(text: str) -> str:
    """Names are read as words, and a sentence goes on over the end of a line: `heard_at` is "heard at"."""
    return _JOINED.sub(" ", text).lower()


def gone_from(words: list[str], texts: dict[Path, str]) -> set[str]:
    kept = [re.sub('"', '["`]', re.escape(spoken(one))) for one in first_column("What stays as it is, letter for letter")]
    gone, stays = re.compile(rf"\b(?:{'|'.join(words)})\b"), re.compile("|".join(kept))
    return {
        f"{path.relative_to(ROOT)}: {word}" for path, text in texts.items() for word in gone.findall(stays.sub("", spoken(text)))
    }


def texts_of(*paths: Path) -> dict[Path, str]:
    # Decisions are history, and the glossary names what is gone.
    own = [path for path in paths if path.parent != ROOT / "docs" / "decisions" and path.name != "glossary.md"]
    return {path: f"{path.stem} {path.read_text()}" for path in own}


def programs(*rooms: str) -> list[Path]:
    return [
        path for path in tracked() if path.relative_to(ROOT).parts[0] in rooms and path.suffix in (".py", ".html", ".md", ".po")
    ]


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]


def names_of_tests() -> dict[Path, str]:
    tests = re.compile(r"^ *(?:async )?def test_(\w+)", re.MULTILINE)
    return {path: "\n".join(tests.findall(path.read_text())) for path in (ROOT / "tests").rglob("test_*.py")}


def test_no_comment_page_or_name_of_a_test_has_a_phrase_that_the_glossary_calls_gone() -> None:
    phrases = first_column("pages and the names of tests; a test looks for them.")
    assert len(phrases) >= 10
    assert gone_from(phrases, texts_of(*programs("app", "chaos", "hardening"), *pages()) | names_of_tests()) == set()


def test_no_page_name_comment_or_docstring_has_a_word_that_the_glossary_calls_gone() -> None:
    words = first_column("`heard_at` and `HeardAt` are read as two words")
    assert len(words) >= 20
    assert gone_from(words, texts_of(*programs("app"), *pages()) | names_of_tests()) == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("class HeardAt: ...", ["heard"]),
        ("told_at = now", ["told"]),
        ("# each\n    # look finds it", ["each look"]),
        ('TRANSLATED = "told"  # or `told`; told apart', []),
    ],
)
def test_a_gone_word_is_found_inside_a_name_and_over_the_end_of_a_line(text: str, found: list[str]) -> None:
    here = ROOT / "app" / "x.py"
    assert gone_from(["told", "heard", "each look"], {here: text}) == {f"app/x.py: {word}" for word in found}
