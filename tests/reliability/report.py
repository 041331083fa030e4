"""What a part of the harness found, and how it is printed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_SHOWN = 10


@dataclass
class Part:
    """The cells of one part: how many ran, which failed and why, and what was counted on the way."""

    name: str
    ran: int = 0
    failures: list[str] = field(default_factory=list[str])
    counted: Counter[str] = field(default_factory=Counter[str])
    skipped: str | None = None

    def cell(self, name: str, *problems: str | None) -> None:
        """Count a cell; it passed if there is no problem."""
        self.ran += 1
        found = [problem for problem in problems if problem]
        if found:
            self.failures.append(f"{name}: {'; '.join(found)}")

    @property
    def bound(self) -> str:
        """The most that the share of failures is, with 95 % certainty, if none was seen: three in as many cells."""
        return f"{min(1, 3 / self.ran):.2%}" if self.ran and not self.failures else ""


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
        lines.append(f"| {part.name} | {part.ran:,} | {passed} | {part.bound} | {counted} |")
    return "\n".join(lines)


def failures(parts: Sequence[Part]) -> str:
    """Return the failures of each part, the first of many."""
    lines: list[str] = []
    for part in parts:
        lines += [f"FAILED {part.name}: {failure}" for failure in part.failures[:MOST_SHOWN]]
        if len(part.failures) > MOST_SHOWN:
            lines.append(f"FAILED {part.name}: {len(part.failures) - MOST_SHOWN} more")
    return "\n".join(lines)


def has_failures(parts: Sequence[Part]) -> bool:
    """Return whether any cell failed."""
    return any(part.failures for part in parts)
