"""What M-PESA charges the organisation for a B2C payment to a registered customer.

Safaricom: B2C tariff form of August 2023, "organisation pays". Its top band ends at KES 150,000.
"""

# (from, charge) in cents.
B2C_CHARGES = (
    (1_00, 0),
    (101_00, 5_00),
    (1_501_00, 9_00),
    (5_001_00, 11_00),
    (20_001_00, 13_00),
)
