"""What becomes of a payment between its order and its end: approved, sent, looked up, ended.

`operations` is what people do, `worker` what runs in the background, `callbacks` what a rail says
by itself. Each of them ends a payment through `outcomes`, which calls `ledger.operations`.
"""
