"""Metrics: numbers about pictures, one value an image, one idea a file. Imports no other room."""
