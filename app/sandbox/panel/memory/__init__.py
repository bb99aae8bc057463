"""What a panel remembers, how it behaves, and the worlds to start from. No HTTP."""
