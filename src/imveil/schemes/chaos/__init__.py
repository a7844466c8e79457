"""Chaotic maps and the sequences drawn from their orbits."""
