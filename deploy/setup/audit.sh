#!/usr/bin/env bash
# Holds the locked packages against the published advisories. A finding fails; a source that cannot be reached is said
# plainly and does not, for then nothing is known about the packages that was not known before.
set -euo pipefail
cd "$(dirname "$0")/../.."

report=$(mktemp)
trap 'rm -f "$report" "$report.said"' EXIT
for source in pypi osv; do
  code=0
  : >"$report"
  .venv/bin/pip-audit --requirement requirements.lock --require-hashes --disable-pip --progress-spinner off \
    --vulnerability-service "$source" --timeout 15 --format json --output "$report" 2>"$report.said" || code=$?
  verdict=0
  .venv/bin/python - "$report" "$code" "$source" <<'PYTHON' || verdict=$?
import json
import sys

path, code, source = sys.argv[1:]
try:
    with open(path, encoding="utf-8") as file:
        packages = json.load(file)["dependencies"]
except (OSError, ValueError, KeyError, TypeError):
    print(f"audit: no answer from {source}")
    sys.exit(2)
asked = [package for package in packages if "skip_reason" not in package]
found = [(package, one) for package in asked for one in package["vulns"]]
for package, one in found:
    fixed = ", ".join(one["fix_versions"]) or "no release yet"
    print(f"audit: {package['name']} {package['version']}: {one['id']}, mended in {fixed}")
if found:
    sys.exit(1)
if not asked:
    print(f"audit: {source} knows none of the {len(packages)} packages here: not the advisory source itself")
    sys.exit(2)
print(f"audit: {len(asked)} of {len(packages)} packages asked of {source}, none has a known weakness")
sys.exit(0 if len(asked) == len(packages) and code == "0" else 2)
PYTHON
  case $verdict in
    0) exit 0 ;;
    1) exit 1 ;;
  esac
done
echo "audit: NOT DONE in full: the advisory source cannot be reached from here; run \`make audit\` where it can"
