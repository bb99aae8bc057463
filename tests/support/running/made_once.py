"""Imported last by the server that forks: what a gateway makes once per process is made here, so that none makes it again.

It is most of what a gateway needs to start: its routes, and whom it believes about certificates.
"""

from typing import cast

from fastapi import FastAPI

from app.admin import api
from app.bootstrap.outgoing import authorities
from app.server import application

_NOWHERE = {"type": "http", "method": "GET", "path": "/nowhere", "root_path": "", "headers": []}
"""FastAPI finishes a route only when the first request comes past it."""

for made in (api._control_app(), application._application()):
    for route in cast("FastAPI", made).routes:
        route.matches(dict(_NOWHERE))
authorities(trust_env=False)  # the other ones depend on variables, which each process has for itself
