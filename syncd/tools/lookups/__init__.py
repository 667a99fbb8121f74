"""What rows name, found on the site: each thing is asked for in batches, and remembered for a while."""
