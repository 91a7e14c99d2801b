# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# The same parts by Docker Compose, where a Docker engine answers: each is a service of compose.yaml by its own name, and
# the nodes are two.

readonly compose_mark=$run/compose docker_wait_s=10

# Each set of parts is a project of its own.
compose_project() {
  if [ "$run" = "$here/.run" ]; then printf roomtone; else printf 'roomtone-%s' "$(printf '%s' "$run" | cksum | cut -d ' ' -f 1)"; fi
}

docker_answers() {
  command -v docker >/dev/null && bounded "$docker_wait_s" docker info >/dev/null 2>&1 &&
    bounded "$docker_wait_s" docker compose version >/dev/null 2>&1
}

# services_of PART…
services_of() {
  local part
  for part in "$@"; do
    case $part in nodes) printf 'nodes-1\nnodes-2\n' ;; *) printf '%s\n' "$part" ;; esac
  done
}

# compose COMMAND…, with the ports and the secret that the parts without Docker would have.
compose() (
  for part in "${parts[@]}"; do
    export "ROOMTONE_$(printf '%s' "$part" | tr '[:lower:]' '[:upper:]')_PORT=$(port_of "$part")"
  done
  export ROOMTONE_PORT=$roomtone_port ROOMTONE_NODES_ADMIN_PORT=$nodes_admin_port
  export ROOMTONE_NODES_2_PORT=$((nodes_port + 1)) ROOMTONE_NODES_2_ADMIN_PORT=$((nodes_admin_port + 1))
  AUTH_HS256_SECRET=$(secret) || exit 1
  export AUTH_HS256_SECRET
  docker compose --project-name "$(compose_project)" --file "$here/compose.yaml" "$@"
)

# compose_on COMMAND PART…: on the services of the parts.
compose_on() {
  # Word by word, both.
  # shellcheck disable=SC2046,SC2086
  compose $1 $(services_of "${@:2}")
}

# compose_start PART…
compose_start() {
  mkdir -p "$run" && : >"$compose_mark" && compose_on 'up --detach --build --quiet-pull' "$@"
}

# compose_is PART: starting, healthy, unhealthy, or what became of its container; nothing if it has none. Of several
# containers, it is what the first is that is not healthy.
compose_is() {
  local container state
  for container in $(compose_on 'ps --all --quiet' "$1" 2>/dev/null); do
    state=$(docker inspect --format \
      '{{if and .State.Running .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' \
      "$container" 2>/dev/null) || return 0
    if [ "$state" != healthy ]; then break; fi
  done
  printf '%s' "${state:-}"
}

# compose_image PART: what its container was made from; nothing if it has none.
compose_image() {
  local container
  container=$(compose_on 'ps --all --quiet' "$1" 2>/dev/null | head -n 1)
  if [ -n "$container" ]; then docker inspect --format '{{.Config.Image}}' "$container" 2>/dev/null || true; fi
}
