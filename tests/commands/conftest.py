"""What tests of commands use."""

import pytest
from support.commands import Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""
    return Run(monkeypatch, capsys)
