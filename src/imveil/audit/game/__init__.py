"""The game: a challenger encrypts, a split deals, a referee scores."""
