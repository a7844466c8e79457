"""Cipher data sets on disk: the format that both sides speak. Imports no other room."""
