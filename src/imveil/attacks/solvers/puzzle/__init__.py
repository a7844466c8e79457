"""Blocks of one cipher image put back in place, turned and recoloured by what fits at their borders."""
