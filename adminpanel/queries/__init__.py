"""Reads that cross accounts, transactions and the team's own rows: a module for each subject."""
