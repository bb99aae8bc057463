"""Who sends the commands of claims to a destination: an account of SALESmanago, a question to it, a shop."""
