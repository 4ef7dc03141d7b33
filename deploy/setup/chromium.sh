#!/usr/bin/env bash
# Prints where Chromium is; installs Debian's where there is none and we may. For `make test-browser`.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

find_it() { command -v "${CHROMIUM:-chromium}" || command -v chromium-browser || command -v google-chrome; }

if ! find_it >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    fail "no Chromium: install it (Debian: apt install chromium) or set CHROMIUM=/path/to/it"
  echo "makegood setup: installing Chromium" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >&2 ||
    fail "apt-get could not install chromium, see above"
fi
find_it
