"""Proofs too long for `make test`: the product in real processes beside the M-PESA simulator."""
