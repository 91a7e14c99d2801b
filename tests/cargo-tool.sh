# shellcheck shell=bash
# Programs that tests run and cargo builds, each once, kept in the user's cache for all clones. Sourced at the project's root.
# They run for seconds, so that what costs time is to build them: that is done without optimising.

# cargo_tool NAME VERSION: where the program lies, which is built first where it is not there.
cargo_tool() {
  local root=${XDG_CACHE_HOME:-$HOME/.cache}/roomtone/$1-$2
  [ -x "$root/bin/$1" ] || cargo install --quiet --locked --debug --config profile.dev.debug=false --root "$root" --version "$2" "$1" >&2 || return 1
  printf '%s/bin/%s' "$root" "$1"
}
