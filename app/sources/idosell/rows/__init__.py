"""What rows of the panel say, pushed or scanned: a module per gate."""
