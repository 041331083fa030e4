"""What is installed beside the program is what `pyproject.toml` asks for: pinned, hashed, and nothing besides."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
DECLARED = [Requirement(text) for texts in (PROJECT["dependencies"], *EXTRAS.values()) for text in texts]


@dataclass(frozen=True)
class Pin:
    """A package of the lock file."""

    requirement: Requirement
    hashes: list[str]

    @property
    def version(self) -> str:
        """The one version that is taken."""
        (only,) = self.requirement.specifier
        assert only.operator == "=="
        return only.version


def pins() -> dict[str, Pin]:
    """Return the packages of the lock file by their names."""
    entries = re.sub(r"\\\n", "", re.sub(r"(?m)^\s*#.*\n", "", LOCK)).strip().split("\n")
    found = dict[str, Pin]()
    for entry in entries:
        wanted, *hashes = re.split(r"\s+--hash=", entry.strip())
        requirement = Requirement(wanted)
        found[canonicalize_name(requirement.name)] = Pin(requirement, hashes)
    assert len(found) == len(entries), "a package is pinned twice"
    return found


def needs(requirement: Requirement) -> Iterator[Requirement]:
    """Return what a package needs on any system; nothing where it is not installed on this one."""
    try:
        needed = [Requirement(text) for text in requires(requirement.name) or []]
    except PackageNotFoundError:
        return
    for one in needed:
        extra = re.search(r"extra == ['\"]([^'\"]+)", str(one.marker))
        if extra is None or extra[1] in requirement.extras:
            yield one


def reached() -> set[str]:
    """Return the names of all packages that the declared ones lead to."""
    left, seen = [*DECLARED], dict[str, set[str]]()
    while left:
        one = left.pop()
        name = canonicalize_name(one.name)
        if name not in seen or not one.extras <= seen[name]:
            seen.setdefault(name, set()).update(one.extras)
            left += needs(one)
    return set(seen)


def test_every_declared_package_is_pinned_within_its_range() -> None:
    locked = pins()
    outside = [
        str(one)
        for one in DECLARED
        if (pin := locked.get(canonicalize_name(one.name))) is None or not one.specifier.contains(pin.version)
    ]
    assert outside == []


def test_every_pin_is_hashed_and_comes_from_no_address_of_its_own() -> None:
    bare = [
        name
        for name, pin in pins().items()
        if pin.requirement.url or not pin.hashes or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in pin.hashes)
    ]
    assert bare == []
    assert re.findall(r"https?://\S+|^\s*--(?!hash=)\S+", LOCK, re.MULTILINE) == []


def test_nothing_is_pinned_that_no_declared_package_leads_to() -> None:
    assert set(pins()) - reached() == set()


def test_what_a_pinned_package_needs_here_is_pinned_within_its_range() -> None:
    locked = pins()
    for pin in locked.values():
        for one in needs(pin.requirement):
            if one.marker is None or one.marker.evaluate({"extra": ""}):
                found = locked.get(canonicalize_name(one.name))
                assert found is not None, f"{pin.requirement.name} needs {one}"
                assert one.specifier.contains(found.version), f"{pin.requirement.name} needs {one}"


def test_the_image_and_the_check_of_a_change_take_only_what_is_hashed() -> None:
    for name in ("Dockerfile", ".ci/run"):
        takes = [line for line in (ROOT / name).read_text("utf-8").splitlines() if "-r requirements.lock" in line]
        assert takes, name
        assert all("--require-hashes" in line for line in takes), name
