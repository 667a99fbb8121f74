"""Speed and memory, each beside its yardstick in the same run, so that a noisy machine does not matter."""
