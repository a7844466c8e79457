"""The owner: has pictures and keys. May import store, plans, schemes, keys."""
