"""Run commands within this process: to start one of its own for each takes a second."""

import io
import os
import sys
from dataclasses import dataclass

import pytest
from support.processes import Finished
from tinylytics_mcp import cli


class Typed(io.StringIO):
    """A terminal at which something is typed."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@dataclass(frozen=True)
class Run:
    """Runs the program to its end, as `processes.finished` does in a process of its own."""

    patched: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, env: dict[str, str], typed: str | None = None) -> Finished:
        """Run with this environment, and without logs; `typed` is typed at a terminal."""
        screen = Typed()
        with self.patched.context() as patched:
            patched.setattr("tinylytics_mcp.logs.configure", lambda: None)
            for name in os.environ.keys() - env.keys():
                patched.delenv(name)
            for name, value in env.items():
                patched.setenv(name, value)
            if typed is not None:
                patched.setattr(sys, "stdin", Typed(typed))
                patched.setattr(sys, "stderr", screen)
            try:
                status = cli.main(arguments)
            except SystemExit as end:
                status = int(end.code or 0)
        out, err = self.capsys.readouterr()
        return Finished(status, out, err + screen.getvalue())
