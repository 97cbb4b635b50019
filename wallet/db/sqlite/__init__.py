"""SQLite for Django, whose writers wait in short steps, and not more of them than may."""
