"""Compiled loops: what makes a plan fast. Nothing here knows what a plan is."""
