"""Payments that members order ahead: once, every week or every month. A worker makes them."""
