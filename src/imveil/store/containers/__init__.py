"""The containers, one file each, both ways; found by being there."""
