"""M-PESA, through Safaricom's Daraja. Facts from its documentation begin with "Daraja:".

`rail` implements the contract. `requests` writes what is sent, `gateway` sends it with the token
that all processes share, `answers` and `callbacks` read what comes back, `results` says what a
code means, and `wire` knows the format.
"""

from ledger.rails.mpesa.rail import MPESA, Mpesa

__all__ = ["MPESA", "Mpesa"]
