"""Asking: encrypted queries of the private path, whose answers nobody else can read; and models behind a service."""
