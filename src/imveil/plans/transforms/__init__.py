"""Transforms: what lies outside the group of plans and has a plan's face, one file each."""
