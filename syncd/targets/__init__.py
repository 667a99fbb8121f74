"""Outside: the sites and programs that a run acts on."""
