"""The compression scheme of 2021: residues, a coder and a sequence, as one file format."""
