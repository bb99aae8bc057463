"""The bill of materials and the look-up of vulnerabilities, without a network."""

import json
from pathlib import Path

from tools.audit import findings
from tools.sbom import bill_of, pinned

LOCK = (Path(__file__).parents[2] / "requirements.lock").read_text()


def test_the_bill_names_every_locked_package_with_its_hashes_and_is_the_same_each_time() -> None:
    locked = [line.partition("==")[0] for line in LOCK.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    bill = bill_of(LOCK, "gateway", "1")
    assert [one["name"] for one in bill["components"]] == locked
    assert len(locked) > 40
    assert all(one["properties"] and one["purl"].startswith("pkg:pypi/") for one in bill["components"])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill == bill_of(LOCK, "gateway", "1")
    assert len({one["bom-ref"] for one in bill["components"]}) == len(locked)
    assert all(len(digest) == 64 for _, _, hashes in pinned(LOCK) for digest in hashes)


def test_a_known_vulnerability_is_named_with_the_version_that_mends_it() -> None:
    flawed = {"name": "idna", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.0"]}]}
    unknown = {"name": "ours", "version": "1.0", "skip_reason": "not found"}
    output = json.dumps({"dependencies": [flawed, unknown], "fixes": []})
    assert findings(output) == (1, ["idna 1.0: PYSEC-1, mended in 2.0"])


def test_without_an_answer_nothing_is_known() -> None:
    assert findings("") == findings("no network") == findings('{"dependencies": []}') == (0, [])
    assert findings(json.dumps({"dependencies": [{"name": "a", "version": "1", "skip_reason": "not found"}]})) == (0, [])
