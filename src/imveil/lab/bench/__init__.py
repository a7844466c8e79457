"""Benchmarks of sequences, JPEG and key space that a user may run himself."""
