# shellcheck shell=bash disable=SC2034 # what is not used here is used by who reads this
# What up, down and status have in common: which parts there are, where their files are, what was asked for.
#
# A part is a file native/NAME.sh with, each called after it:
#
#   NAME_port      its port on 127.0.0.1, or the first of its ports
#   NAME_where     prints the setting by which Roomtone finds it, or its address
#   NAME_install   gets what it needs into $packages, once; says what is missing and how to get it
#   NAME_start     begins its processes (`begin`, in native/process.sh), but those that run
#   NAME_probe     asks it something that only a part that is ready answers
#   NAME_version   prints what would be started
#
# and, for Docker, a service of the same name in compose.yaml (services_of in compose.sh, where there are more).

# In the order of their start: those of a stage start together, once those of the stages before are ready. down goes the
# other way. The first stage is what Roomtone runs on; a node makes the topics and tables that the rest looks for.
readonly stages=('kafka mongodb dynamodb redis zipkin eureka' nodes 'roomtone functions')
read -r -a parts <<<"${stages[*]}"
readonly parts
readonly answer_wait_s=2
# Without these, up succeeds all the same, unless they were asked for by name.
readonly optional=' zipkin '
# These are started only where they are asked for by name.
readonly by_name=' eureka '
usual=()
for part in "${parts[@]}"; do
  case $by_name in *" $part "*) ;; *) usual+=("$part") ;; esac
done
readonly usual

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
readonly here root

absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$PWD" "$1" ;; esac; }

run=$(absolute "${ROOMTONE_RUN:-$here/.run}")
# Sets of parts share what is downloaded and built.
packages=$(absolute "${ROOMTONE_PACKAGES:-$here/.run/packages}")
readonly run packages data=$run/data logs=$run/logs pids=$run/pids secret_file=$run/data/secret

# shellcheck source=native/process.sh
. "$here/native/process.sh"
# shellcheck source=native/packages.sh
. "$here/native/packages.sh"
# shellcheck source=native/binaries.sh
. "$here/native/binaries.sh"
# shellcheck source=native/environment.sh
. "$here/native/environment.sh"
# shellcheck source=compose.sh
. "$here/compose.sh"
for part in "${parts[@]}"; do
  # shellcheck source=/dev/null
  . "$here/native/$part.sh"
done

is_part() { case " ${parts[*]} " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
is_optional() { case $optional in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

# port_of PART
port_of() { local variable="${1}_port"; printf '%s' "${!variable}"; }

# Prints the comment at the head of the command that runs.
usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "$0"; }

# wrong_argument ARGUMENT
wrong_argument() {
  printf '%s: unknown argument: %s (parts: %s)\n' "$0" "$1" "${parts[*]}" >&2
  exit 2
}

# ask PORT REQUEST WANTED [END]: sends octets (as of printf %b) and says whether the answer has WANTED in it. The answer is
# read in pieces up to the next END, or NUL, so WANTED has none.
ask() {
  local port=$1 request=$2 wanted=$3 end=${4:-} piece more=yes
  (
    LC_ALL=C
    exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
    printf '%b' "$request" >&3
    while [ "$more" = yes ]; do
      piece=
      IFS= read -r -d "$end" -t "$answer_wait_s" piece <&3 || more=no
      case $piece in *"$wanted"*) exit 0 ;; esac
    done
    exit 1
  ) 2>/dev/null
}

# ask_http PORT PATH WANTED: a GET, read line by line, for not everybody who should close does.
ask_http() { ask "$1" "GET $2 HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: close\\r\\n\\r\\n" "$3" $'\n'; }

now_ms() {
  # Bash 5 tells it itself; macOS's date knows whole seconds only.
  if [ -n "${EPOCHREALTIME:-}" ]; then
    printf '%s' "$((${EPOCHREALTIME/[.,]/} / 1000))"
  else
    printf '%s000' "$(date +%s)"
  fi
}

# seconds SINCE_MS: such as 4.2 s
seconds() {
  local tenths=$((($(now_ms) - $1) / 100))
  printf '%s.%s s' "$((tenths / 10))" "$((tenths % 10))"
}
