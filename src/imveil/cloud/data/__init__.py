"""Cipher images on their way into a net."""
