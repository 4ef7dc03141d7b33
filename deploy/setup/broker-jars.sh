#!/usr/bin/env bash
# Brings the pinned Kafka jars into deploy/kafka/target/jars. Idempotent, and safe when two run at once.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

jars=deploy/kafka/target/jars
stamp=deploy/kafka/target/made-from
want=$(digest deploy/kafka/pom.xml deploy/kafka/jars.sha256)
is_done "$stamp" "$want" && exit 0

take_turns .run/lock-broker-jars
is_done "$stamp" "$want" && exit 0

command -v mvn >/dev/null || fail "Maven not found: install it (Debian: apt install maven) to fetch the Kafka broker"
command -v java >/dev/null || fail "Java not found: install a Java 17 runtime (Debian: apt install openjdk-17-jre-headless)"
rm -rf "$jars"
echo "makegood setup: fetching the Kafka broker from Maven Central" >&2
said=$(mvn --batch-mode --no-transfer-progress --quiet --strict-checksums --file deploy/kafka/pom.xml package 2>&1) || {
  echo "$said" >&2
  fail "Maven could not fetch the Kafka broker, see above: is Maven Central reachable?"
}
(cd "$jars" && sha256sum --check --strict --quiet ../../jars.sha256 >&2) ||
  fail "a jar in $jars is not the one in deploy/kafka/jars.sha256; run 'make lock-jars' only if you changed the pom"
echo "$want" >"$stamp"
