"""The attacks, one file each; found by being there."""
