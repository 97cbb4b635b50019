"""What the finance team does. Money moves only in `ledger.operations`."""
