"""A Daraja simulator: a small M-PESA on this machine, for trying the product and for tests.

It speaks Safaricom's documented wire format and keeps its own book. It imports nothing of the
product, so that what the product believes and what "M-PESA" did are two independent accounts.
"""
