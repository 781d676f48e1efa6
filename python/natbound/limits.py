"""Limits other than ports."""
