"""A SQLite backend for Django with a fair wait for the write lock and folded text search."""
