"""The side that has pictures and keys. May import store, cipher, keys."""
