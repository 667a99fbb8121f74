"""Meaning: one file for each kind of command file; pure, like `core`."""
