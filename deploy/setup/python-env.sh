#!/usr/bin/env bash
# Makes .venv exactly as requirements.lock says. Idempotent, and safe when two run at once.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

python=${PYTHON:-python3.11}
stamp=.venv/.made-from
want=$(digest requirements.lock pyproject.toml)
is_done "$stamp" "$want" && exit 0

take_turns .run/lock-python-env
is_done "$stamp" "$want" && exit 0

"$python" -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 11))' 2>/dev/null ||
  fail "Python 3.11 needed, '$python' is not: install it (Debian: apt install python3.11-venv) or set PYTHON=/path/to/python3.11"
# A checkout that was moved leaves scripts that point to the old place.
if [ -x .venv/bin/makegood ] && ! head -1 .venv/bin/makegood | grep -qF "$PWD/.venv/"; then rm -rf .venv; fi
[ -x .venv/bin/python ] || "$python" -m venv .venv ||
  fail "could not make .venv: install the venv module (Debian: apt install python3.11-venv)"
echo "makegood setup: installing the locked Python packages into .venv" >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock ||
  fail "pip could not install requirements.lock, see above: is PyPI reachable?"
said=$(.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2>&1) ||
  fail "pip could not install the project itself: $said"
[ -x .venv/bin/makegood ] || fail "the install left no .venv/bin/makegood: remove .venv and try again"
echo "$want" >"$stamp"
