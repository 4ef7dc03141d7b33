#!/usr/bin/env bash
# Prints the folder with promtool, amtool and prometheus; takes Debian's out of their packages where there are none.
# Unpacked, not installed: installing would start a Prometheus and an Alertmanager on this machine. For `make test-alerts`.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

unpacked=.run/monitoring-tools
need="need promtool and amtool: install them (Debian: apt install prometheus prometheus-alertmanager)"

if command -v promtool >/dev/null && command -v amtool >/dev/null && command -v prometheus >/dev/null; then
  dirname "$(command -v promtool)"
  exit
fi
take_turns .run/lock-monitoring-tools
if [ ! -x "$unpacked/usr/bin/amtool" ]; then
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || fail "$need"
  echo "makegood setup: fetching Debian's Prometheus and Alertmanager" >&2
  fetched=$(mktemp -d)
  trap 'rm -rf "$fetched"' EXIT
  [ "$(id -u)" != 0 ] || apt-get update -qq >&2 || fail "apt-get update failed, see above; $need"
  (cd "$fetched" && apt-get download -qq prometheus prometheus-alertmanager) >&2 || fail "apt-get could not fetch them; $need"
  for package in prometheus prometheus-alertmanager; do dpkg -x "$fetched/$package"_*.deb "$unpacked"; done
fi
"$unpacked/usr/bin/promtool" --version >/dev/null 2>&1 || fail "$need"
echo "$PWD/$unpacked/usr/bin"
