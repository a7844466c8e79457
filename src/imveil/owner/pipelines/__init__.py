"""Encryption inside other people's pipelines: torch, Arrow, samples of a loader."""
