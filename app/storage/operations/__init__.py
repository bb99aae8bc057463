"""What operators and support read, and what is kept no longer."""
