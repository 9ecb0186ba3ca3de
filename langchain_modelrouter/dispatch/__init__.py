"""What to try next, what happened, and doing it."""
