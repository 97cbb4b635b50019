"""A Daraja simulator: a small M-PESA on this machine, for tests and for trying the product.

It speaks Safaricom's documented wire format and keeps its own book. It imports nothing from the
product, so a test can compare what the product believes with what "M-PESA" did.
"""
