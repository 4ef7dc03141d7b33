#!/usr/bin/env bash
# Sets up the other engines of `make bench`, each in a place of its own: Quix Streams in benchmarks/quix_streams/.venv,
# Kafka Streams in benchmarks/kafka_streams/target. Idempotent, and safe when two run at once.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

quix=benchmarks/quix_streams
streams=benchmarks/kafka_streams
take_turns .run/lock-engines

want=$(digest "$quix/requirements.lock" deploy/setup/engines.sh)
if ! is_done "$quix/.venv/.made-from" "$want"; then
  [ -x "$quix/.venv/bin/python" ] || .venv/bin/python -m venv "$quix/.venv" || fail "could not make $quix/.venv"
  echo "makegood setup: installing Quix Streams into $quix/.venv" >&2
  rm -f "$quix"/.venv/lib/python*/site-packages/makegood.pth
  "$quix/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$quix/requirements.lock" ||
    fail "pip could not install $quix/requirements.lock, see above: is PyPI reachable?"
  # the product's packages behind its own: the stages run inside it too
  .venv/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' \
    >"$("$quix/.venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/makegood.pth"
  echo "$want" >"$quix/.venv/.made-from"
fi

want=$(digest "$streams/pom.xml" "$streams"/src/main/java/makegood/*.java)
if ! is_done "$streams/target/made-from" "$want"; then
  command -v mvn >/dev/null || fail "Maven not found: install it (Debian: apt install maven) to fetch Kafka Streams"
  command -v javac >/dev/null || fail "javac not found: install a Java 17 JDK (Debian: apt install openjdk-17-jdk-headless)"
  echo "makegood setup: fetching Kafka Streams from Maven Central and compiling the count" >&2
  said=$(mvn --batch-mode --no-transfer-progress --quiet --strict-checksums --file "$streams/pom.xml" package 2>&1) || {
    echo "$said" >&2
    fail "Maven could not make the Kafka Streams count, see above: is Maven Central reachable?"
  }
  echo "$want" >"$streams/target/made-from"
fi
