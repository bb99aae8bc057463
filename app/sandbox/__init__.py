"""The outside world played back: stand-ins of the systems we talk to."""
