"""The side that has cipher pictures, labels and the model, never the key. May import store."""
