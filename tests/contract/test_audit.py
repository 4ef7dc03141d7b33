"""`make audit`: a known weakness fails it, an advisory source that cannot be reached is said and does not."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.settings import ROOT

CLEAN = {"name": "click", "version": "8.3.0", "vulns": []}
WEAK = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found on PyPI and could not be audited: ours (1)"}


def audited(folder: Path, packages: list[dict[str, Any]] | None) -> subprocess.CompletedProcess[str]:
    """Run the script beside an auditor that answers with these packages, or does not answer."""
    (folder / "deploy" / "setup").mkdir(parents=True)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / "requirements.lock").write_text("")
    script = shutil.copy(ROOT / "deploy" / "setup" / "audit.sh", folder / "deploy" / "setup")
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    answer = "exit 1" if packages is None else f"cat >\"$out\" <<'J'\n{json.dumps({'dependencies': packages})}\nJ"
    auditor = folder / ".venv" / "bin" / "pip-audit"
    auditor.write_text(f'#!/bin/bash\nwhile [ "$1" != --output ]; do shift; done; out=$2\n{answer}\n')
    auditor.chmod(0o755)
    return subprocess.run([script], capture_output=True, text=True, check=False)


def test_a_known_weakness_fails_and_is_named_with_the_release_that_mends_it(tmp_path: Path) -> None:
    done = audited(tmp_path, [CLEAN, WEAK])
    assert done.returncode == 1
    assert "old 1.0: PYSEC-2026-1, mended in 1.1" in done.stdout


def test_packages_without_one_pass_and_are_counted(tmp_path: Path) -> None:
    done = audited(tmp_path, [CLEAN])
    assert done.returncode == 0
    assert "1 of 1 packages asked of pypi, none has a known weakness" in done.stdout


@pytest.mark.parametrize("packages", [None, [UNKNOWN], [CLEAN, UNKNOWN], []])
def test_a_source_that_does_not_know_them_is_said_and_does_not_fail(
    tmp_path: Path, packages: list[dict[str, Any]] | None
) -> None:
    done = audited(tmp_path, packages)
    assert done.returncode == 0
    assert "NOT DONE in full" in done.stdout
