"""What observing SALESmanago shows: statuses, tags, and the result of a poll (R26, R30, R55)."""
