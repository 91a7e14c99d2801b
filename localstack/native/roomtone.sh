# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# The one process of the local run, here on the parts: every HTTP operation, the page, tokens for whoever asks, and one
# more node.

roomtone_port=${ROOMTONE_PORT:-18000}

roomtone_where() { printf 'http://127.0.0.1:%s' "$roomtone_port"; }

roomtone_install() { need_binary roomtone; }

roomtone_start() {
  with_environment begin roomtone "$roomtone_port" env ROOMTONE_HOST=127.0.0.1 ROOMTONE_PORT="$roomtone_port" \
    ROOMTONE_DATA="$data/roomtone" "$(binaries_dir)/roomtone"
}

roomtone_probe() { ask_http "$roomtone_port" /healthz ' 200 '; }

roomtone_version() { printf 'roomtone %s' "$(roomtone_release)"; }
