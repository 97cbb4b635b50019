"""The Daraja APIs, one file each."""
