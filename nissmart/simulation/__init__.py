"""Plays the whole product in one thread, with another clock and chance: docs/simulation.md.

`manage.py simulate` calls `running`. Only for a process that does nothing else: the clock, chance,
the settings and the connection of that process are replaced.
"""
