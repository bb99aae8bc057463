"""A body in the charset that its Content-Type names."""

import pytest

from app.formats.charsets import in_utf8

JAN = '{"first_name": "Żółć €"}'.replace(" €", "")


@pytest.mark.parametrize(
    ("content_type", "codec"),
    [
        ("application/json; charset=ISO-8859-2", "iso8859-2"),
        ('application/json;charset="windows-1250"', "cp1250"),
        ("application/x-ndjson; charset = latin2", "iso8859-2"),
    ],
)
def test_r73_a_body_is_read_in_the_charset_it_says(content_type: str, codec: str) -> None:
    assert in_utf8(JAN.encode(codec), content_type.encode()).decode() == JAN


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=iso-8859-2", "application/json; charset=utf-8", "application/json", ""]
)
def test_r73_what_is_utf8_stays_as_it_is_whatever_it_says(content_type: str) -> None:
    assert in_utf8(JAN.encode(), content_type.encode()) == JAN.encode()


@pytest.mark.parametrize("charset", ["utf-16", "zip", "idna", "punycode", "unicode_escape", "klingon", "\udcff", "", "utf-8"])
def test_r73_a_charset_that_is_none_of_texts_changes_nothing(charset: str) -> None:
    body = JAN.encode("cp1250")
    assert in_utf8(body, f"application/json; charset={charset}".encode(errors="surrogateescape")) == body
