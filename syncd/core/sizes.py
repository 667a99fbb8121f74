"""Sizes for people: `76.1 GB`."""


def spoken(number: int) -> str:
    """So many bytes, in three digits of the unit that fits; units are powers of a thousand."""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} bytes"
