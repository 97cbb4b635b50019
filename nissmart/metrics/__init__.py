"""/metrics: what the processes count (`wallet/metrics.py`), and what the database says.

A reading is one function that returns gauges. The readings of `work` and `money` say how the
business is, those of `database` how the database is.
"""
