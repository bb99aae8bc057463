"""SALESmanago's API v2."""
