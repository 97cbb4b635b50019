"""SQLite for Django: it waits fairly for the write lock, and finds text however it's written."""
