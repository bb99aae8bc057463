"""All that waits, by what it waits for (R91)."""
