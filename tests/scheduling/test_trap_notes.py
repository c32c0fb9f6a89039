"""The notes of traps: read and written without a frontier."""

from __future__ import annotations

import pytest

from crawlproj.scheduling.trap_notes import TrapNotes


@pytest.mark.parametrize("note", ["", "[1]", "7", "{", '{"a.test/x/*": 7}', "[" * 100_000])
def test_a_malformed_note_is_ignored(note: str) -> None:
    found = {"a.test/y/*": "no end"}
    notes = TrapNotes(found, "job", 3)
    notes.recall({notes.name_of("a.test"): note, notes.name_of("b.test"): '{"b.test/z": "no end"}'})
    assert found == {"a.test/y/*": "no end", "b.test/z": "no end"}
