"""The monitoring code in a browser's place: what it loads and sets, and when (J6, M8)."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from app.formats.tracking_code import tracking_code

CODE = tracking_code("sklep.example.com", "wxyz12345abcde67", "https://app3.salesmanago.com")
GRANTED = '["consent", "update", {"ad_storage": "granted", "ad_user_data": "granted"}]'
DENIED = '["consent", "update", {"ad_storage": "denied"}]'
NODE = shutil.which("node")

_PAGE = """
const cookies = [], scripts = [];
const document = {
  set cookie(text) { cookies.push(text); },
  createElement: () => ({}),
  head: { appendChild: (script) => scripts.push(script.src) },
};
const window = { dataLayer: %s };
%s
%s
console.log(JSON.stringify({ cookies, scripts, id: window._smid || null, layer: window.dataLayer.length }));
"""


def visited(steps: str = "", layer: str = "[]") -> dict[str, Any]:
    """A page with the code, after some steps of the page's own."""
    if NODE is None:
        pytest.skip("no node on this machine; Debian: apt-get install nodejs")
    script = CODE.partition("<script>")[2].partition("</script>")[0]
    ran = subprocess.run([NODE, "-e", _PAGE % (layer, script, steps)], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


LOADED = ["https://app3.salesmanago.com/static/sm.js"]


@pytest.mark.parametrize(
    ("steps", "layer", "loads"),
    [
        ("", "[]", False),
        ("window.smConsent(true)", "[]", True),
        ("window.smConsent('yes')", "[]", False),
        (f"window.dataLayer.push({GRANTED})", "[]", True),
        ("", f"[{GRANTED}]", True),
        ("", '[["consent", "default", {"ad_storage": "granted", "wait_for_update": 500}]]', False),
        (f"window.dataLayer.push({DENIED}); window.dataLayer.push({{event: 'purchase'}}, null)", "[]", False),
        ('window.dataLayer.push(["consent", "update", {"ad_storage": "granted", "ad_user_data": "denied"}])', "[]", False),
        ('window.dataLayer.push(["consent", "update", {"analytics_storage": "granted"}])', "[]", False),
        (f"window.dataLayer.push({DENIED}); window.dataLayer.push({GRANTED}); window.smConsent(true)", "[]", True),
    ],
)
def test_m8_nothing_is_loaded_or_set_before_the_visitor_agreed(steps: str, layer: str, loads: bool) -> None:
    found = visited(steps, layer)
    assert found["scripts"] == (LOADED if loads else [])
    assert found["id"] == ("wxyz12345abcde67" if loads else None)
    assert found["cookies"] == []


def test_m8_a_visitor_is_matched_by_number_and_only_after_consent() -> None:
    number = "window.smVisitor('contact-0001')"
    assert visited(number)["cookies"] == []
    (cookie,) = visited(f"{number}; window.smConsent(true)")["cookies"]
    assert cookie == "smclient=contact-0001;path=/;max-age=31536000;SameSite=Lax;Secure"
    assert visited(f"window.smConsent(true); {number}")["cookies"] == [cookie]
    assert visited("window.smConsent(true); window.smVisitor('jan@example.com;domain=x')")["cookies"] == []


def test_m8_a_consent_that_is_taken_back_takes_the_cookies_along_and_no_visitor_is_matched_after_it() -> None:
    found = visited("window.smConsent(true); window.smConsent(false); window.smVisitor('contact-0001')")
    assert found["cookies"] == [f"{name}=;path=/;max-age=0;SameSite=Lax;Secure" for name in ("smuuid", "smclient")]


def test_what_others_put_into_the_data_layer_arrives_there() -> None:
    assert visited("window.dataLayer.push({event: 'a'}); window.dataLayer.push({event: 'b'})", '[{"event": "c"}]')["layer"] == 3


def test_no_setting_can_end_the_script() -> None:
    assert tracking_code("h.example", "</script><script>alert(1)", "https://x.example").count("</script>") == 1
