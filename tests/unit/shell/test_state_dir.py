"""A worker makes its folder before it joins, or says what is wrong with it."""

from pathlib import Path

import pytest

from app.errors import SetupError
from app.shell.worker import make_state_dir


def test_a_folder_of_which_nothing_is_there_is_made_and_one_that_is_there_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "lib" / "makegood"
    make_state_dir(folder)
    kept = folder / "kept"
    kept.write_text("kept", encoding="utf-8")
    make_state_dir(folder)
    assert kept.exists()


def test_a_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SetupError, match=r"file/state \(Not a directory\): set MAKEGOOD_STATE_DIR"):
        make_state_dir(tmp_path / "file" / "state")
