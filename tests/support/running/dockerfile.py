"""A Dockerfile executed in a plain folder, without network, root or a builder.

Every absolute path becomes one below the folder. Three steps have a stand-in: installing a lock file (what is installed here
already is lent instead), making a venv (without pip, which is lent as well), and what needs root. All others run as written.
"""

import json
import re
import shutil
import site
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_PATHS = re.compile(r"/(?=(?:venv|build|dist|src|data)\b)")
_NEEDS_ROOT = ("useradd", "chown")
OURS = "shop_gateway"


def instructions(text: str) -> list[tuple[str, str]]:
    """(INSTRUCTION, rest), continued lines joined."""
    whole = re.sub(r"\\\n", " ", text)
    lines = (line.strip() for line in whole.splitlines())
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line and not line.startswith("#"))]


@dataclass
class PlainImage:
    """What the last stage is at the end of the Dockerfile."""

    root: Path
    context: Path
    folder: Path = Path()
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    stages: int = 0
    _from_build: list[Path] = field(default_factory=list)

    def path(self, said: str) -> Path:
        return self.root / said.lstrip("/") if said.startswith("/") else self.folder / said

    def below(self, words: str) -> str:
        return _PATHS.sub(lambda _: f"{self.root}/", words)

    def execute(self, text: str) -> None:
        lent = self.root.with_name("lent")
        _lend(lent)
        for word, rest in instructions(text):
            match word:
                case "FROM":
                    self.stages += 1
                    self.environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
                    self.user, self.folder = "root", self.root
                case "WORKDIR":
                    self.folder = self.path(rest)
                    self.folder.mkdir(parents=True, exist_ok=True)
                case "COPY":
                    self._copy(rest.split())
                case "RUN":
                    for command in rest.split("&&"):
                        self._run(command.strip(), lent)
                case "ENV":
                    for name, value in (pair.split("=", 1) for pair in rest.split()):
                        self.environment[name] = self.below(value).replace("$PATH", self.environment["PATH"])
                case "USER":
                    self.user = rest
                case "ENTRYPOINT" | "CMD" | "HEALTHCHECK":
                    words = _json_words(rest.partition("CMD")[2] if word == "HEALTHCHECK" else rest)
                    setattr(self, {"ENTRYPOINT": "entrypoint", "CMD": "command", "HEALTHCHECK": "healthcheck"}[word], words)
                case "VOLUME" | "EXPOSE":
                    pass
                case _:
                    raise AssertionError(f"nobody has said how {word} is executed in a plain folder")
        self._forget_the_build()

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = self.found([*self.entrypoint, *arguments])
        return subprocess.run(
            command, cwd=self.folder, env=self.environment | more, capture_output=True, text=True, timeout=60, check=False
        )

    def found(self, command: list[str]) -> list[str]:
        """With the program's path, as its PATH finds it."""
        program = shutil.which(command[0], path=self.environment["PATH"])
        assert program is not None, f"no {command[0]} on the path of the image"
        return [program, *command[1:]]

    def _copy(self, words: list[str]) -> None:
        *sources, target = words
        if sources[0].startswith("--from="):
            # The stages share the folder: what the last one copies is kept, everything else of the others goes.
            assert sources[1:] == [target], "a venv works only under the name it was made with"
            self._from_build.append(self.path(target))
            return
        assert self.stages == 1 or not sources, "the last stage takes nothing from the checkout"
        into = self.path(target)
        for source in sources:
            place = into / source if target.endswith("/") and (self.context / source).is_file() else into
            if (self.context / source).is_dir():
                shutil.copytree(self.context / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.context / source, place)

    def _run(self, command: str, lent: Path) -> None:
        words = command.split()
        if words[0] in _NEEDS_ROOT:
            return
        if words[:3] == ["python", "-m", "venv"]:
            made = self.path(words[3])
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
            (packages,) = made.glob("lib/python*/site-packages")
            (packages / "lent.pth").write_text(f"{lent}\n")
            return
        if "--require-hashes" in words:
            lock = (self.folder / words[words.index("-r") + 1]).read_text()
            assert "--hash=sha256:" in lock
            return
        done = subprocess.run(
            ["sh", "-c", self.below(command)], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"

    def _forget_the_build(self) -> None:
        kept = {*self._from_build, self.folder, self.path("/data")}
        for path in self.root.iterdir():
            if path not in kept:
                shutil.rmtree(path)


def _lend(folder: Path) -> None:
    """Everything that is installed here but ourselves."""
    folder.mkdir()
    for packages in site.getsitepackages():
        for path in Path(packages).iterdir():
            if OURS not in path.name and path.suffix != ".pth":
                (folder / path.name).symlink_to(path)


def _json_words(said: str) -> list[str]:
    words: list[str] = json.loads(said)
    return words
