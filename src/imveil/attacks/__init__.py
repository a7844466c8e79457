"""Attacks: what an attacker does with a view, one file each. May import plans."""
