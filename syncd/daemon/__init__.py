"""The daemon: one loop that owns the state, and what it is made of."""
