"""How often one caller may call: counted in the database, so shared by all processes."""

import random
import time

from django.db import connection

from wallet.models import RateWindow

MINUTE_S = 60

# One statement, so that two calls at once are counted as two.
COUNT_CALL = """
    INSERT INTO wallet_ratewindow (key, minute, count) VALUES (%s, %s, 1)
    ON CONFLICT (key, minute) DO UPDATE SET count = wallet_ratewindow.count + 1
    RETURNING count"""


def wait_s(key: str, limit_per_minute: int) -> int:
    """Count a call by `key`. 0 when it is within the limit, else the seconds to wait.

    A limit of 0 means none, and then nothing is counted.
    """
    if not limit_per_minute:
        return 0
    now_s = int(time.time())
    minute = now_s // MINUTE_S
    with connection.cursor() as cursor:
        cursor.execute(COUNT_CALL, (key, minute))
        (count,) = cursor.fetchone()
    if count == 1 and random.random() < 0.01:
        RateWindow.objects.filter(minute__lt=minute).delete()
    return 0 if count <= limit_per_minute else MINUTE_S - now_s % MINUTE_S
