# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# Redis, from the system. It keeps nothing on disk: what is in it can be had again from the other parts.

redis_port=${ROOMTONE_REDIS_PORT:-6379}

redis_where() { printf 'REDIS_URL=redis://127.0.0.1:%s' "$redis_port"; }

# On Debian, redis-tools has the program without the service that would take its port: redis-server is but another
# name of redis-check-rdb, which goes by the name that it is called by.
redis_find() {
  local named=$packages/redis/redis-server
  if command -v redis-server; then return 0; fi
  [ -x /usr/bin/redis-check-rdb ] && mkdir -p "$packages/redis" && ln -sf /usr/bin/redis-check-rdb "$named" || return 1
  case $("$named" --version) in 'Redis server'*) printf '%s' "$named" ;; *) return 1 ;; esac
}

redis_install() {
  redis_find >/dev/null || apt_install redis-tools || true
  redis_find >/dev/null || missing redis-server \
    'apt-get install redis-server (Debian, Ubuntu), brew install redis, or redis.io'
}

redis_start() {
  begin redis "$redis_port" "$(redis_find)" --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no \
    --dir "$logs" --daemonize no
}

redis_probe() { ask "$redis_port" 'PING\r\nQUIT\r\n' +PONG; }

redis_version() { "$(redis_find)" --version 2>/dev/null | sed -n 's/.* v=\([0-9.]*\) .*/Redis \1/p'; }
