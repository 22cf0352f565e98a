"""The verb story without a window: what is wrong with a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer import cli


def test_the_shipped_story_has_no_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["story", "--check"]) == 0
    assert "no mistakes" in capsys.readouterr().out


def test_mistakes_have_lines_and_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('titel = "A"\n\n[[chapter]]\ntitle = "B"\n[[chapter.step]]\ncaption = "C"\ndo = [{ zom = 1 }]\n')
    assert cli.main(["story", str(file), "--check"]) == 1
    said = capsys.readouterr().err
    assert "mine.toml cannot be played: 3 mistakes." in said
    assert "line 1: titel means nothing in a story. Did you mean title?" in said
    assert "line 7: No action is called zom. Did you mean zoom?" in said


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["story", str(tmp_path / "none.toml"), "--check"]) == 2
    assert "There is no file" in capsys.readouterr().err
