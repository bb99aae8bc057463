"""What operators and support look at, and what is kept no longer."""
