"""Input adapters, one file each; found by being there."""
