"""What a part of the harness found, and how it is printed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_SHOWN = 10


@dataclass
class Part:
    """The cells of one part: how many ran, which failed and why, and what was counted on the way.

    `is_compared`: it shows what the figures of another part mean, and may fail.
    """

    name: str
    ran: int = 0
    failures: list[str] = field(default_factory=list[str])
    counted: Counter[str] = field(default_factory=Counter[str])
    skipped: str | None = None
    is_compared: bool = False

    def cell(self, name: str, *problems: str | None) -> None:
        """Count a cell; it passed if there is no problem."""
        self.ran += 1
        found = [problem for problem in problems if problem]
        if found:
            self.failures.append(f"{name}: {'; '.join(found)}")

    def clear(self) -> None:
        """Count anew."""
        self.ran, self.failures, self.counted = 0, [], Counter()

    def add(self, other: "Part") -> None:
        """Count the cells of another run of the same part."""
        self.ran += other.ran
        self.failures += other.failures
        self.counted.update(other.counted)
        self.skipped = self.skipped or other.skipped

    @property
    def bound(self) -> str:
        """The most that the share of failures is, with 95 % certainty, if none was seen: three in as many cells."""
        return f"{100 * min(1, 3 / self.ran):.3g}%" if self.ran and not self.failures else ""


def together(parts: Sequence[Part]) -> list[Part]:
    """Return one part of each name, in the order in which the names first come."""
    merged: dict[str, Part] = {}
    for part in parts:
        merged.setdefault(part.name, Part(part.name, is_compared=part.is_compared)).add(part)
    return list(merged.values())


def table(parts: Sequence[Part], seed: int, *, form: str) -> str:
    """Return all parts as a table in Markdown, with what makes a run again."""
    lines = [
        f"Form: {form}; seed {seed}.",
        "",
        "| what | cells | passed | failures are below (95 %) | counted |",
        "|---|---:|---:|---:|---|",
    ]
    for part in parts:
        counted = ", ".join(f"{name} {number:,}" for name, number in part.counted.items())
        passed = f"skipped: {part.skipped}" if part.skipped else f"{part.ran - len(part.failures):,}"
        passed += " (only compared)" if part.is_compared else ""
        lines.append(f"| {part.name} | {part.ran:,} | {passed} | {part.bound} | {counted} |")
    return "\n".join(lines)


def replaced(old: str, new: str, names: Sequence[str]) -> str:
    """Return a table with the rows of another in place of its own of the same part, and a line that says so.

    `names` are the modules that ran: their jobs that broke off before are no more. What was searched for the key stays
    as it was, since that is a sum over all modules.
    """
    found = {row.split("|")[1]: row for row in new.splitlines()[4:] if not row.startswith("| the key |")}
    kept = [row for row in old.splitlines() if not row.startswith(tuple(f"| {name}: jobs" for name in names))]
    rows = [found.pop(row.split("|")[1], row) if row.startswith("| ") else row for row in kept]
    said = f" Run again later: {', '.join(names)}."
    rows[0] = rows[0].removesuffix(said) + said
    return "\n".join([*rows, *found.values()])


def failures(parts: Sequence[Part]) -> str:
    """Return the failures of each part, the first of many."""
    lines: list[str] = []
    for part in parts:
        lines += [f"FAILED {part.name}: {failure}" for failure in part.failures[:MOST_SHOWN]]
        if len(part.failures) > MOST_SHOWN:
            lines.append(f"FAILED {part.name}: {len(part.failures) - MOST_SHOWN} more")
    return "\n".join(lines)


def has_failures(parts: Sequence[Part]) -> bool:
    """Return whether any cell failed that may not."""
    return any(part.failures for part in parts if not part.is_compared)
