# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# Processes that go on when the command that began them has ended: pid files, and ends that hit nobody else.
#
# A pid file has the pid, when that process was born, and its port. It knows nothing of what the processes do.

readonly end_wait_s=20 lock_wait_s=600

# born PID: what no later process with the same pid has; nothing if there is none, or only its remains.
born() {
  local stat
  if [ -d /proc/self ]; then
    { read -r -d '' stat || true; } 2>/dev/null <"/proc/$1/stat" || return 0
    # The name in parentheses may have spaces; what comes next is the state, and 19 fields on the time of birth.
    read -r -a stat <<<"${stat##*) }"
    case ${stat[0]:-Z} in
      Z | X) ;;
      *) printf '%s-%s' "$(</proc/sys/kernel/random/boot_id)" "${stat[19]}" ;;
    esac
  else
    ps -o lstart= -p "$1" | tr -s ' ' '-'
  fi
}

# alive NAME
alive() {
  local pid birth
  [ -r "$pids/$1" ] && read -r pid birth _ <"$pids/$1" && [ -n "$birth" ] && [ "$(born "$pid")" = "$birth" ]
}

pid_of() { cut -d ' ' -f 1 "$pids/$1"; }

# The processes of a part: PART itself, and PART-2 and so on where it has several.
names_of() {
  local file
  for file in "$pids/$1" "$pids/$1"-*; do
    if [ -e "$file" ]; then basename "$file"; fi
  done
}

# all_alive PART: it has processes, and none of them has ended.
all_alive() {
  local name some=no
  for name in $(names_of "$1"); do
    alive "$name" || return 1
    some=yes
  done
  [ "$some" = yes ]
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# begin NAME PORT COMMAND…: unless it runs. What it prints goes to logs/NAME.log.
begin() {
  local name=$1 port=$2 apart=nohup ran_on
  shift 2
  if alive "$name"; then
    ran_on=$(cut -d ' ' -f 3 "$pids/$name")
    [ "$ran_on" = "$port" ] && return 0
    printf '%s: runs on port %s; to have it on %s, end it first: localstack/down\n' "$name" "$ran_on" "$port" >&2
    return 1
  fi
  if port_taken "$port"; then
    printf '%s: port %s is taken by something that localstack/up did not start; end that, or choose another port\n' \
      "$name" "$port" >&2
    return 1
  fi
  mkdir -p "$pids" "$logs"
  if [ -e "$logs/$name.log" ]; then mv "$logs/$name.log" "$logs/$name.before.log"; fi
  # A session of its own: no Ctrl-C and no closed terminal reaches it.
  if command -v setsid >/dev/null; then apart=setsid; fi
  (cd "$logs" && exec "$apart" "$@") </dev/null >"$logs/$name.log" 2>&1 &
  printf '%s %s %s\n' "$!" "$(born "$!")" "$port" >"$pids/$name"
}

# under PID: the processes that it began, and those that they began.
under() {
  ps -A -o pid= -o ppid= 2>/dev/null | awk -v top="$1" '
    { parent[$1] = $2 }
    END {
      for (pid in parent) {
        above = parent[pid]
        while (above != top && above in parent) above = parent[above]
        if (above == top) print pid
      }
    }'
}

# end NAME: by SIGTERM, on which a process ends its own children too; what does not end by that within end_wait_s, by
# SIGKILL, and its children with it. Says whether there was anything to end.
end() {
  local name=$1 pid deadline
  if ! alive "$name"; then
    rm -f "$pids/$name"
    return 1
  fi
  pid=$(pid_of "$name")
  kill "$pid" 2>/dev/null || true
  deadline=$((SECONDS + end_wait_s))
  while alive "$name"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      printf '%s: does not end, so it is killed\n' "$name" >&2
      # Word by word: a pid each.
      # shellcheck disable=SC2046
      kill -9 "$pid" $(under "$pid") 2>/dev/null || true
      deadline=$((SECONDS + end_wait_s))
    fi
    sleep 0.05
  done
  rm -f "$pids/$name"
}

# lock PATH: waits until no other command has it; `rm -f PATH` gives it back.
lock() {
  local holder deadline=$((SECONDS + lock_wait_s))
  mkdir -p "$(dirname "$1")"
  until ln -s "$$" "$1" 2>/dev/null; do
    holder=$(readlink "$1") || continue
    if ! kill -0 "$holder" 2>/dev/null; then
      rm -f "$1"
    elif [ "$SECONDS" -ge "$deadline" ]; then
      printf '%s: process %s has it for too long\n' "$1" "$holder" >&2
      return 1
    else
      sleep 0.2
    fi
  done
}
