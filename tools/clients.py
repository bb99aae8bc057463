"""Generate clients from openapi.yaml, in Python and TypeScript, and see that they work. Offline it says so, and is no failure.

    python -m tools.clients

The Python client is generated into build/clients/python, where `tests/server/test_generated_client.py` finds it and posts every
event with it. The TypeScript one is type-checked with the body of every event.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path

from app.routers.events.endpoints import EVENTS
from app.routers.events.examples import EXAMPLES, in_batch
from app.routers.events.schemas import BATCHABLE
from tools import node

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "clients"
PYTHON_CLIENT = BUILD / "python" / "gateway_client"
GENERATOR = "openapi-python-client==0.29.1"
"""In an environment of its own: it wants an older Typer than the command line does."""
CONFIGURATION = ROOT / "examples" / "openapi-python-client.yaml"
"""What others give the generator, too."""
TYPESCRIPT = ("openapi-typescript@7.13.0", "typescript@5.9.3")
SECONDS = 300


def python_client() -> str | None:
    """What went wrong, or nothing. Raises `OSError` where the generator cannot be fetched."""
    tools = BUILD / "generator"
    generator = tools / "bin" / "openapi-python-client"
    if not generator.exists():
        venv.create(tools, with_pip=True)
        pip = [
            str(tools / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--retries",
            "1",
            GENERATOR,
        ]
        if subprocess.run(pip, capture_output=True, timeout=SECONDS, check=False).returncode != 0:
            raise OSError("the generator cannot be fetched")
    settings = BUILD / "settings.yaml"
    settings.write_text(f"{CONFIGURATION.read_text()}post_hooks: []\n")
    PYTHON_CLIENT.parent.mkdir(parents=True, exist_ok=True)
    asked = ["generate", "--path", str(ROOT / "openapi.yaml"), "--meta", "none", "--overwrite", "--config", str(settings)]
    made = subprocess.run(
        [str(generator), *asked, "--output-path", str(PYTHON_CLIENT)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if made.returncode != 0 or "WARNING" in made.stdout:  # a warning names what the client cannot do
        return made.stdout + made.stderr
    test = [sys.executable, "-m", "pytest", "-n", "0", "-q", str(ROOT / "tests" / "server" / "test_generated_client.py")]
    tested = subprocess.run(test, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    return None if tested.returncode == 0 else tested.stdout + tested.stderr


def typescript_check() -> str:
    """A program with the body of every event: it compiles only if each is what the generated types say."""
    lines = ['import type { components, operations } from "./contract";']
    for event in EVENTS:
        body = json.dumps(EXAMPLES[event.body.wire_type], ensure_ascii=False)
        body_type = f'operations["{event.name}"]["requestBody"]["content"]["application/json"]'
        lines.append(f"export const {event.name}: {body_type} = {body};")
    batch_type = 'operations["events_batch"]["requestBody"]["content"]["application/json"]'
    lines.append(f"export const batch: {batch_type} = {json.dumps(in_batch(*BATCHABLE), ensure_ascii=False)};")
    lines.append('export const follow = (receipt: components["schemas"]["Receipt"]): string => receipt.follow;')
    lines.append("// @ts-expect-error: an event without its time is none")
    lines.append('export const none: components["schemas"]["Erasure"] = { email: "jan.kowalski@example.com" };')
    return "\n".join(lines) + "\n"


def typescript_client() -> str | None:
    """What went wrong, or nothing. Raises `OSError` where Node or the packages are missing."""
    folder = BUILD / "typescript"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "check.ts").write_text(typescript_check())
    made = node.run(
        TYPESCRIPT,
        ["openapi-typescript", str(ROOT / "openapi.yaml"), "--output", "contract.ts", "--default-non-nullable=false"],
        folder,
    )
    if made is None:
        raise OSError("Node is not here, or its packages cannot be fetched")
    if made.returncode != 0:
        return made.stdout + made.stderr
    checked = node.run(TYPESCRIPT, ["tsc", "--noEmit", "--strict", "--skipLibCheck", "check.ts"], folder)
    return None if checked is not None and checked.returncode == 0 else f"{checked and checked.stdout}"


def main() -> int:
    BUILD.mkdir(parents=True, exist_ok=True)
    failed = False
    for name, generate in (("Python", python_client), ("TypeScript", typescript_client)):
        try:
            trouble = generate()
        except (OSError, subprocess.TimeoutExpired) as missing:
            sys.stdout.write(f"{name} client skipped: {missing}\n")
            continue
        failed |= trouble is not None
        sys.stdout.write(f"{name} client:\n{trouble}\n" if trouble else f"{name} client: generated and tried with every event\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
