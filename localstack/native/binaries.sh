# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# Roomtone's own programs, socket-node and roomtone: built from this tree, unless ROOMTONE_BIN_DIR names a folder that
# has them. It knows nothing of how they are started.

readonly build_wait_s=3600
profile=${ROOMTONE_PROFILE:-dev} built=no
# cargo is not always called from where this was.
if [ -n "${CARGO_TARGET_DIR:-}" ]; then
  CARGO_TARGET_DIR=$(absolute "$CARGO_TARGET_DIR")
  export CARGO_TARGET_DIR
fi

binaries_dir() {
  local folder=$profile
  # Cargo's name for the folder of its profile dev.
  if [ "$profile" = dev ]; then folder=debug; fi
  if [ -n "${ROOMTONE_BIN_DIR:-}" ]; then
    absolute "$ROOMTONE_BIN_DIR"
  else
    printf '%s/%s' "${CARGO_TARGET_DIR:-$root/target}" "$folder"
  fi
}

# need_binary NAME
need_binary() {
  if [ -z "${ROOMTONE_BIN_DIR:-}" ]; then build || return 1; fi
  [ -x "$(binaries_dir)/$1" ] ||
    missing "$1 in $(binaries_dir)" 'leave ROOMTONE_BIN_DIR empty, so that it is built; or build it there'
}

need_cargo() {
  command -v cargo >/dev/null || missing "Rust, to build $1" 'rustup.rs; README.md says which version'
}

# All of them at once, and once for all parts that ask.
build() {
  local log=$logs/build.log begun
  if [ "$built" != no ]; then [ "$built" = yes ]; return; fi
  built=failed
  need_cargo Roomtone || return 1
  begun=$(now_ms)
  printf '%-9s being built (profile %s)\n' binaries "$profile"
  # Their features are Cargo's to unite: what roomtone-localstack asks for, the node has by default.
  bounded "$build_wait_s" cargo build --locked --profile "$profile" --manifest-path "$root/Cargo.toml" \
    --package roomtone-socket-node --package roomtone-localstack --features roomtone-localstack/fleet \
    >"$log" 2>&1 </dev/null || {
    printf 'binaries: cannot be built; the end of %s:\n' "$log" >&2
    tail -n 20 "$log" >&2
    return 1
  }
  printf '%-9s built in %s\n' binaries "$(seconds "$begun")"
  built=yes
}

roomtone_release() { sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1; }
