"""Schemes: pictures into cipher images, one file each, found by being there. May import plans, keys."""
