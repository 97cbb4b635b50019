"""What the finance team does: each act one transaction, with its line in the audit."""
