"""The models, one file each; found by being there."""
