"""Chaos: real processes, real load, real faults, and one ledger check for all. `python -m chaos --list` says what there is."""
