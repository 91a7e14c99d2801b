# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# Socket nodes: as many as ROOMTONE_NODES_COUNT says, each with a port for sockets and one where it tells of itself.
# Whichever is first makes the topics and the tables.

nodes_port=${ROOMTONE_NODES_PORT:-18011}
nodes_admin_port=${ROOMTONE_NODES_ADMIN_PORT:-18081}
nodes_count=${ROOMTONE_NODES_COUNT:-2}

nodes_where() {
  local ports=$nodes_port
  if [ "$nodes_count" -gt 1 ]; then ports="{$nodes_port..$((nodes_port + nodes_count - 1))}"; fi
  printf 'ws://127.0.0.1:%s/ws-chat' "$ports"
}

nodes_install() { need_binary socket-node; }

nodes_start() {
  local node name
  for name in $(names_of nodes); do
    if [ "${name#nodes-}" -gt "$nodes_count" ] && end "$name"; then printf '%-9s ended: one too many\n' "$name"; fi
  done
  for ((node = 1; node <= nodes_count; node++)); do
    with_environment begin "nodes-$node" "$((nodes_port + node - 1))" \
      env ROOMTONE_HOST=127.0.0.1 ROOMTONE_PORT="$((nodes_port + node - 1))" \
      ROOMTONE_ADMIN_PORT="$((nodes_admin_port + node - 1))" "$(binaries_dir)/socket-node" || return 1
  done
}

nodes_probe() {
  local node
  for ((node = 1; node <= nodes_count; node++)); do
    ask_http "$((nodes_admin_port + node - 1))" /readyz ' 200 ' || return 1
  done
}

nodes_version() { printf 'socket-node %s' "$(roomtone_release)"; }
