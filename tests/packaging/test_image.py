"""The image: the steps of the Dockerfile in a plain folder, and the gateway that comes out of them, far from any checkout."""

import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app import __version__
from tests.support.running.dockerfile import PlainImage
from tests.support.running.processes import START_SECONDS, free_port, http

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> PlainImage:
    folder = tmp_path_factory.mktemp("image")
    made = PlainImage(folder / "root", ROOT)
    made.root.mkdir()
    made.execute(DOCKERFILE)
    return made


@pytest.fixture(scope="module")
def answers(image: PlainImage) -> dict[str, str]:
    """What commands of the image print; at once, as each imports the gateway."""
    commands = ("--version", "keys encryption")
    with ThreadPoolExecutor() as threads:
        ended = threads.map(lambda command: image.run(*command.split()), commands)
        return {command: one.stdout.strip() for command, one in zip(commands, ended, strict=True)}


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        try:
            if http.get(url, timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.02)


def files_of(folder: Path) -> dict[str, int]:
    return {path.as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_the_image_runs_the_gateway_as_nobody_in_particular(image: PlainImage, answers: dict[str, str]) -> None:
    assert (image.stages, image.entrypoint, image.command) == (2, ["gateway"], ["serve"])
    assert image.user.partition(":")[0] not in ("", "root", "0")
    assert {path.name for path in image.root.iterdir()} == {"venv", "data"}
    assert answers["--version"] == __version__


def test_what_is_installed_is_every_file_of_the_code_and_nothing_else(image: PlainImage) -> None:
    listed = subprocess.run(["git", "ls-files", "app", "alembic"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    ours = {
        re.sub("^alembic/", "app/storage/engine/alembic/", name) for name in listed.split("\n") if name and (ROOT / name).is_file()
    }
    (packages,) = image.root.glob("venv/lib/python*/site-packages")
    installed = {path.relative_to(packages).as_posix() for path in (packages / "app").rglob("*") if path.suffix != ".pyc"}
    assert {name for name in installed if (packages / name).is_file()} == ours
    assert "app/storage/engine/alembic/versions/2026_11_23_the_first_tables.py" in ours


def test_the_image_serves_from_an_empty_folder_and_writes_nowhere_but_into_data(image: PlainImage, answers: dict[str, str]) -> None:
    port = free_port()
    environment = {
        **image.environment,
        "GATEWAY_PORT": str(port),
        "GATEWAY_HOST": "127.0.0.1",
        "GATEWAY_ENCRYPTION_KEYS": answers["keys encryption"],
    }
    before = files_of(image.root / "venv")
    command = image.found([*image.entrypoint, *image.command])
    log = image.root.parent / "serve.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=image.folder, env=environment, stdout=file, stderr=file)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/healthz", process, log)
        assert http.get(f"{url}/readyz").status_code == 200
        page = http.get(f"{url}/console", headers={"Accept-Language": "pl"}, follow_redirects=True)
        assert page.status_code == 200
        assert "Zaloguj" in page.text
        (style,) = re.findall(r'href="([^"]*console\.css[^"]*)"', page.text)
        assert http.get(f"{url}{style}").status_code == 200
        assert http.get(f"{url}/docs").status_code == 200
        assert subprocess.run(image.found(image.healthcheck), env=environment, check=False).returncode == 0
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert subprocess.run(image.found(image.healthcheck), env=environment, check=False, capture_output=True).returncode != 0
    assert (image.root / "data" / "gateway.db").is_file()
    assert files_of(image.root / "venv") == before
