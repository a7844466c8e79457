"""Training: a loop, its steps, its settings, and what it leaves on disk."""
