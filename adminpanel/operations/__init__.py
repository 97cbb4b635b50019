"""What the team does to its own rows. Money moves in `ledger.operations`."""
