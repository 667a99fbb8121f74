"""The proofs, in the order of the rooms."""
