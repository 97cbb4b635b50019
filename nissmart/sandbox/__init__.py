"""A Daraja simulator: a small M-PESA on this machine, for trying the product and for tests.

It speaks Safaricom's documented wire format and keeps a book of its own. It imports nothing of the
product, so that what the product believes and what "M-PESA" did are two independent accounts.
"""
