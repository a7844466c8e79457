"""The cloud: has cipher images, labels and the model, never the key. May import store, plans, attacks."""
