# What both setup scripts share. Sourced, not run.

fail() {
  echo "makegood setup: $*" >&2
  exit 2
}

# digest FILE...: one word that changes when a file, or the place of this checkout, does.
digest() {
  { pwd; sha256sum "$@"; } | sha256sum | cut -d' ' -f1
}

# is_done STAMP WORD: the stamp holds exactly this word.
is_done() {
  [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

# take_turns LOCKFILE: wait here while another setup of the same part is at work.
take_turns() {
  command -v flock >/dev/null || fail "flock not found: install util-linux (Debian: apt install util-linux)"
  mkdir -p "$(dirname "$1")"
  exec 9>"$1"
  flock 9
}
