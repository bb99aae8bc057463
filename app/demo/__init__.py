"""The demo: a believable day of three shops, shown by what became of it."""

from app.demo.run import run_demo, run_sandbox

__all__ = ["run_demo", "run_sandbox"]
