"""Decisions: pure functions, values in, values out; no clock, disk, network, thread or log."""
