"""What a look at SALESmanago teaches: statuses, tags, and what becomes of a poll (R26, R30, R55)."""
