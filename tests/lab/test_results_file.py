"""The files of results: lab.json and lab.html."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import ConfigError
from crawlproj.lab.report.html_page import render_page
from crawlproj.lab.report.results_file import ResultsFile

if TYPE_CHECKING:
    from pathlib import Path


def test_a_section_replaces_only_the_earlier_one_of_its_name(tmp_path: Path) -> None:
    results = ResultsFile(str(tmp_path / "new"))
    results.add("serve", {"mark": 1}, {})
    results.add("fetch", {"mark": 2}, {})

    written = results.add("fetch", {"mark": 3}, {"cores": 2})

    document = json.loads(written[0].read_text())
    assert document["serve"]["mark"] == 1
    assert document["fetch"] == {"mark": 3, "machine": {"cores": 2}}


def test_the_error_names_a_folder_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match=r"--out .*file"):
        ResultsFile(str(tmp_path / "file"))


def test_the_page_contains_the_data_and_loads_nothing() -> None:
    text = render_page('{"why": "</script><b>"}', "PLOTLY")

    assert "</script><b>" not in text
    assert "\\u003c/script>" in text
    assert "PLOTLY" in text
    assert "default-src 'none'" in text
    assert "src=" not in text


def test_a_file_of_an_earlier_schema_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "lab.json").write_text('{"schema": 1, "hog": {}}')

    written = ResultsFile(str(tmp_path)).add("fetch", {}, {})

    assert set(json.loads(written[0].read_text())) == {"schema", "machine", "fetch"}
