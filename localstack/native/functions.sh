# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# The Lambda functions under cargo-lambda, from its wheel on PyPI: each at its real HTTP paths, as the router in the
# workspace's Cargo.toml says; built and started at its first call, and anew when its source has changed.

functions_port=${ROOMTONE_FUNCTIONS_PORT:-9000}

functions_where() { printf 'http://127.0.0.1:%s' "$functions_port"; }

functions_install() {
  local list=$here/native/functions/requirements.txt
  need_cargo 'the functions' || return 1
  made functions "$list" && return 0
  need_python cargo-lambda && make_package functions functions_download "$list"
}

# Without what the wheel depends on, which is Zig: it builds for other machines.
functions_download() {
  python3 -m venv "$1" && bounded "$install_wait_s" "$1/bin/python" -m pip install --quiet --disable-pip-version-check \
    --no-deps --requirement "$here/native/functions/requirements.txt"
}

# It builds, and looks for changes, where it is started. Its children are groups of their own, which it ends on SIGTERM;
# if it is killed they end by themselves, for nothing answers them any more.
functions_start() {
  # shellcheck disable=SC2016 # for the shell that is started
  with_environment begin functions "$functions_port" sh -c 'cd "$1" && shift && exec "$@"' sh "$root" \
    "$packages/functions/bin/cargo-lambda" lambda watch --package roomtone-functions --locked --profile "$profile" \
    --invoke-address 127.0.0.1 --invoke-port "$functions_port" --disable-cors
}

# A path of no function's is answered with all their names, and nothing is built for that.
functions_probe() { ask_http "$functions_port" / create-room; }

functions_version() { sed -n 's/^cargo-lambda==/cargo-lambda /p' "$here/native/functions/requirements.txt"; }
