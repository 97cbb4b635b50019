"""Favourites: people whom a member saved, to pay them again."""
