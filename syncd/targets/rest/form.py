"""Parameters as PHP reads them from a form: `users[0][customfields][0][type]`."""

from collections.abc import Iterator, Mapping


def fields(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a form that hold nested values. An empty list has none: the site sees no such parameter."""
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from fields(inner, f"{name}[{key}]" if name else str(key))
        case list() | tuple():
            for number, inner in enumerate(value):
                yield from fields(inner, f"{name}[{number}]")
        case bool():
            yield name, "1" if value else "0"
        case _:
            yield name, str(value)
