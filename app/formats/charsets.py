"""Bodies of older programs, which are not written in UTF-8 and say so."""

import re

_CHARSET = re.compile(rb'charset\s*=\s*"?([\w.:-]+)', re.IGNORECASE | re.ASCII)
_READ = {
    **dict.fromkeys(("iso-8859-1", "latin1", "windows-1252", "cp1252"), "cp1252"),
    **dict.fromkeys(("iso-8859-2", "latin2"), "iso8859-2"),
    **dict.fromkeys(("windows-1250", "cp1250"), "cp1250"),
    **dict.fromkeys(("windows-1251", "cp1251"), "cp1251"),
    **dict.fromkeys(("iso-8859-15", "latin9"), "iso8859-15"),
    **dict.fromkeys(("iso-8859-16", "latin10"), "iso8859-16"),
}
"""As the web reads these names. A codec of Python that is no charset of texts is none here."""


def in_utf8(body: bytes, content_type: bytes) -> bytes:
    """The body in UTF-8, if it is written as its `Content-Type` says; what is UTF-8 already stays, whatever that says."""
    found = _CHARSET.search(content_type)
    codec = _READ.get(found[1].decode().lower()) if found is not None else None
    if codec is None:
        return body
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(codec, errors="replace").encode()
    return body
