"""How many items a request holds, by how long the last ones took."""

SLOW = 5.0
"""Seconds after which a request is too long: whatever stands between may give up, and its outcome stays open."""


def paced(size: int, sent: int, seconds: float, most: int) -> int:
    """How many items the next request of a function holds, after one of `sent` items took so long.

    Half as many after a slow one, a quarter more after one that took less than half of the limit. A smaller request
    than those that are allowed tells nothing of whether larger ones would do.
    """
    if seconds > SLOW:
        return max(1, min(size, sent) // 2)
    if seconds < SLOW / 2 and sent >= size:
        return min(most, size + max(1, size // 4))
    return size
