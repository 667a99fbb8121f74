"""What Moodle's database takes for the same text."""

import unicodedata


def alike(value: str) -> str:
    """What two texts have in common that differ in case, accents or outer blanks alone: Moodle can't hold both.

    Some signs may be the same to a database that are not here; that only means that the site itself refuses the second.
    """
    value = value.strip()
    if not value.isascii():
        value = "".join(sign for sign in unicodedata.normalize("NFKD", value) if not unicodedata.combining(sign))
    return value.casefold()
