"""Looking at the machine that syncd runs on, and trying what its account can do there."""
