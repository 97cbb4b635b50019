"""SQLite for Django, with a function that finds text however it's written."""
