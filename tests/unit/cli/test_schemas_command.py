import shutil
from pathlib import Path

from click.testing import CliRunner, Result

from app.cli import cli
from app.settings import ROOT


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["schemas", *arguments], env={"MAKEGOOD_SCHEMA_DIR": str(folder)})


def copied(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    (tmp_path / "docs").mkdir()
    return tmp_path / "schemas"


def test_list_shows_every_event_with_its_fingerprint() -> None:
    lines = run(ROOT / "schemas", "list").output.splitlines()
    assert len(lines) == 61
    (placed,) = [line.split() for line in lines if line.startswith("orders/order_placed.v1")]
    assert len(bytes.fromhex(placed[1])) == 8
    assert placed[2] == "makegood.orders.v1.OrderPlaced"


def test_check_fails_with_what_mends_it_and_passes_once_that_is_done(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    shutil.rmtree(folder / "released")
    failed = run(folder, "check")
    assert failed.exit_code == 1
    assert "orders/order_placed.v1: not released in this form: run `makegood schemas release`" in failed.output
    assert "run `makegood schemas doc`" in failed.output
    assert run(folder, "release").output.startswith("released into ")
    assert run(folder, "doc").exit_code == 0
    passed = run(folder, "check")
    assert (passed.exit_code, "able to read every release" in passed.output) == (0, True)
    assert run(folder, "release").output == "nothing changed since the last release\n"


def test_register_without_a_registry_says_which_setting_is_missing() -> None:
    told = run(ROOT / "schemas", "register")
    assert told.exit_code == 2
    assert "MAKEGOOD_SCHEMA_REGISTRY_URL" in told.stderr
