"""Outside: the drop folder, the repository, the watch and the ledger."""
