"""Pictures into cipher pictures: pure functions on arrays. May import keys."""
