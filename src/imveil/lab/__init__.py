"""Plays both sides, and the attacker: experiments, records, reports. May import everything."""
