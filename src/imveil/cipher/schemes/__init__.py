"""The schemes, one file each; found by being there."""
