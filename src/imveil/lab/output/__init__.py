"""Output: what an adapter makes of cipher images, looked at in the way that shows most, and scored as a guess."""
