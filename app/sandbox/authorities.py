"""Whom the certificates of shops may be signed by."""

import ssl
from functools import cache

import httpx


@cache
def authorities(*, trust_env: bool) -> ssl.SSLContext:
    """Read once per process: a stand-in has a client for each request it sends, and reading takes longer than sending."""
    return httpx.create_ssl_context(trust_env=trust_env)
