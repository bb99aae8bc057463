"""Pages of Markdown as tests read them: headings, links, blocks of code."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository, as git lists them: also those that are new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(ROOT / name for name in listed if (ROOT / name).is_file())


def all_pages() -> list["Page"]:
    return [Page(path) for path in tracked() if path.suffix == ".md"]


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    def prose(self) -> Iterator[tuple[int, str]]:
        """Lines outside blocks of code, with their numbers."""
        is_code = False
        for number, line in enumerate(self.path.read_text().splitlines(), start=1):
            if line.lstrip().startswith("```"):
                is_code = not is_code
            elif not is_code:
                yield number, line

    def links(self) -> Iterator[tuple[int, str]]:
        """Links to other files of the repository, or to headings of this page."""
        for number, line in self.prose():
            for target in _LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if not re.match(r"[a-z]+:", target):
                    yield number, target

    def anchors(self) -> set[str]:
        found: set[str] = set()
        for _, line in self.prose():
            if heading := _HEADING.match(line):
                slug = _slug(heading[1])
                again = 1
                while (name := slug if again == 1 else f"{slug}_{again - 1}") in found:
                    again += 1
                found.add(name)
        return found

    def blocks(self) -> Iterator["Block"]:
        """Fenced blocks of code."""
        lines = self.path.read_text().splitlines()
        start: int | None = None
        for number, line in enumerate(lines):
            if not line.startswith("```"):
                continue
            if start is None:
                start = number
                continue
            before = next((text for text in reversed(lines[:start]) if text.strip()), "")
            why_not = re.fullmatch(r"<!-- not run: (.+) -->", before.strip())
            text = "\n".join(lines[start + 1 : number])
            yield Block(start + 1, lines[start][3:].split(" ")[0], text, why_not[1] if why_not else None)
            start = None


@dataclass(frozen=True)
class Block:
    line: int
    language: str
    text: str
    why_not: str | None
    """The reason of a block that is not run."""

    @property
    def is_run(self) -> bool:
        return self.language == "sh" and self.why_not is None


def _slug(heading: str) -> str:
    """As `pymdownx.slugs.slugify(case="lower")`, which is also what forges do."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")
