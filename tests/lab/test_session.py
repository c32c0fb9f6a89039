"""A measurement of the lab is printed as it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.lab.report import session
from crawlproj.lab.report.session import measure_and_report

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_name_of_an_extra_is_not_taken_for_markup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "cpu_share_in_use", lambda: 0.0)
    install = "pip install 'crawlproj[lab]'"
    measure_and_report("hog", str(tmp_path / "[lab]"), lambda _: {}, lambda _: [install])
    printed = capsys.readouterr().out
    assert install in printed
    assert f"{tmp_path}/[lab]/lab.json" in printed
