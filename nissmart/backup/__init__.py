"""Back up the whole database while it's in use, and restore it: `manage.py backup` and `restore`.

A backup is one file, and beside it a manifest (`PATH.json`): versions, checksum, what it holds. It
was restored and checked by `verify_ledger` before it counts.
"""
