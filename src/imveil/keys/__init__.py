"""Secrets and what is drawn from them. Imports no other room."""
