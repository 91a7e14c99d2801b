# shellcheck shell=bash
# A local run to hold a suite against, and the suite's own Python. Sourced at the project's root by what runs a suite.

# has_packages LIST VENV: whether these packages are in it, as the list has them.
has_packages() { cmp -s "$1" "$2/installed-requirements.txt"; }

# new_venv VENV: an empty one.
new_venv() { rm -rf "$1" && python3 -m venv "$1"; }

# install VENV ARGUMENT…: what pip takes.
install() { "$1/bin/python" -m pip install --quiet --disable-pip-version-check "${@:2}"; }

# start_local_run VARIABLE=VALUE…: starts the one that ROOMTONE_BIN names, or that is built from this tree, with these settings. It
# is at the host and port in `at`, writes to `$data/log`, and ends with the script.
start_local_run() {
  if [ -z "${ROOMTONE_BIN:-}" ]; then
    cargo build ${CI:+--locked} --quiet --workspace --features roomtone-localstack/fleet
    ROOMTONE_BIN=${CARGO_TARGET_DIR:-$PWD/target}/debug/roomtone
  fi
  data=$(mktemp -d)
  env "$@" "$ROOMTONE_BIN" --port 0 --data "$data/kept" >"$data/log" 2>&1 &
  server=$!
  trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true; rm -rf "$data"' EXIT
  until at=$(sed -n 's|^Roomtone is at http://\([^ ]*\) .*|\1|p' "$data/log") && [ -n "$at" ]; do
    kill -0 $server 2>/dev/null || { cat "$data/log" >&2; exit 1; }
    sleep 0.1
  done
}
