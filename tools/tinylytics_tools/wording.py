"""Says numbers of things in words."""


def counted(count: int | str, thing: str) -> str:
    """`1 page`, `2 pages`; the thing's plural is formed with s."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
