"""`./run` does all of its own set-up from a fresh clone: with uv, with Python and pip alone, and on Debian."""

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, ignore_patterns, which

import pytest
from support.readme import README
from tinylytics_mcp.version import VERSION

ROOT = README.parent
DEBIAN = Path("/usr/bin/python3")
NOT_IN_A_CLONE = ignore_patterns(".venv", "node_modules", ".git", "dist", "uv.lock", "__pycache__")


def debian_refuses_pip() -> bool:
    """Whether the system's Python is new enough, has pip, and lets nobody install into it."""
    code = "import sys, sysconfig, pip; print(sys.version_info >= (3, 11), sysconfig.get_path('stdlib'))"
    if not DEBIAN.exists():
        return False
    done = subprocess.run([str(DEBIAN), "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    new, _, folder = done.stdout.strip().partition(" ")
    return new == "True" and (Path(folder) / "EXTERNALLY-MANAGED").is_file()


def own_python() -> str:
    """The Python that made this environment."""
    return str(Path(sysconfig.get_config_var("BINDIR")) / "python3")


def with_uv(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with uv."""
    uv = which("uv")
    if uv is None:
        pytest.skip("uv is missing")
    (programs / "uv").symlink_to(uv)
    (programs / "python3").symlink_to(own_python())
    monkeypatch.setenv("UV_PYTHON", sys.executable)


def with_pip(programs: Path, _: pytest.MonkeyPatch) -> None:
    """A container of Python."""
    (programs / "python3").symlink_to(own_python())


def on_debian(programs: Path, _: pytest.MonkeyPatch) -> None:
    """A stock Debian, whose pip installs nothing into the system."""
    if not debian_refuses_pip():
        pytest.skip("the system's Python is not one of Debian with pip")
    (programs / "python3").symlink_to(DEBIAN)


def on_debian_without_venv(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same without the package python3-venv."""
    on_debian(programs, monkeypatch)
    broken = programs / "broken" / "ensurepip"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))


@pytest.mark.parametrize("machine", [with_uv, with_pip, on_debian, on_debian_without_venv])
def test_a_fresh_clone_runs_the_demo_and_a_test(
    machine: Callable[[Path, pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone, programs, home = tmp_path / "clone", tmp_path / "bin", tmp_path / "home"
    copytree(ROOT, clone, ignore=NOT_IN_A_CLONE)
    programs.mkdir()
    home.mkdir()
    for name in [name for name in os.environ if name.startswith(("VIRTUAL_ENV", "PYTHON", "PYENV", "PYTEST"))]:
        monkeypatch.delenv(name)
    machine(programs, monkeypatch)
    for name in ("env", "sh"):
        (programs / name).symlink_to(str(which(name)))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(home))

    def run(*words: str) -> str:
        done = subprocess.run(["./run", *words], cwd=clone, capture_output=True, text=True, timeout=280, check=False)  # noqa: S603 - our own words
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert run("--version") == f"tinylytics-mcp {VERSION}\n"
    assert "hits on 3 sites" in run("call", "get_overview", "--demo")
    assert " passed" in run("test", "tests/server/test_base_url.py", "-n0", "-v")


def test_the_readme_begins_with_the_two_commands() -> None:
    text = README.read_text("utf-8")
    assert re.findall(r"^\./run (demo|test)$", text, re.MULTILINE)[:2] == ["demo", "test"]
