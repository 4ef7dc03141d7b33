#!/usr/bin/env bash
# Prints where Node.js is and installs the JavaScript example's packages; installs Debian's Node.js where there is none
# and we may. For `make test-examples`.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

if ! command -v npm >/dev/null || ! command -v "${NODE:-node}" >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    fail "no Node.js: install it with npm (Debian: apt install nodejs npm) or set NODE=/path/to/node"
  echo "makegood setup: installing Node.js" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm; } >&2 ||
    fail "apt-get could not install nodejs and npm, see above"
fi
node=$(command -v "${NODE:-node}")
"$node" -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' ||
  fail "$node is $("$node" --version): the example needs Node.js 18 or newer, set NODE=/path/to/it"
npm ci --silent --prefix examples/javascript >&2 || fail "npm could not install examples/javascript/package-lock.json"
echo "$node"
