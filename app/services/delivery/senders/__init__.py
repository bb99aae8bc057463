"""Who carries claims to a destination: an account of SALESmanago, a question to it, a shop."""
