"""The gateway. The version stands here alone: packaging, the contract and `gateway --version` read it."""

__version__ = "0.5.0"
