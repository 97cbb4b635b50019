"""What stands between the web server and Django: reading requests, and the queue for threads.

`entry.application` is what the web server loads, and `command` says how to start it.
"""
