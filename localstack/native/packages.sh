# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# What a part needs that is not in this repository: tools of the system, and packages by their own managers.
#
# Versions stand in pom.xml, package.json, go.mod and requirements.txt beside the parts. It knows nothing of running processes.

readonly install_wait_s=900 go_release=go1.24.13

missing() {
  printf 'missing: %s\n' "$1" >&2
  printf '  how to get it: %s\n' "$2" >&2
  return 1
}

# bounded SECONDS COMMAND…: macOS has no timeout.
bounded() {
  if command -v timeout >/dev/null; then timeout "$@"; else "${@:2}"; fi
}

apt_install() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
  printf 'installing %s\n' "$*"
  {
    bounded "$install_wait_s" apt-get update -qq &&
      DEBIAN_FRONTEND=noninteractive bounded "$install_wait_s" apt-get install -y -qq --no-install-recommends "$@"
  } >"$logs/apt.log" 2>&1 </dev/null || {
    tail -n 5 "$logs/apt.log" >&2
    return 1
  }
}

java_is_there() {
  local version
  version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 17 ]
}

need_java() {
  java_is_there || apt_install default-jre-headless || true
  java_is_there || missing "Java 17 or newer, for $1" \
    'apt-get install default-jre-headless (Debian 12, Ubuntu 24.04 or newer), brew install openjdk, or adoptium.net'
}

# A compiler too: what is started from source needs it.
javac_is_there() { java_is_there && command -v javac >/dev/null; }

need_javac() {
  javac_is_there || apt_install default-jdk-headless || true
  javac_is_there || missing "Java 17 or newer with its compiler, for $1" \
    'apt-get install default-jdk-headless (Debian 12, Ubuntu 24.04 or newer), brew install openjdk, or adoptium.net'
}

need_maven() {
  command -v mvn >/dev/null || apt_install maven || true
  command -v mvn >/dev/null || missing "Maven, to download $1" 'apt-get install maven, brew install maven, or maven.apache.org'
}

need_npm() {
  command -v npm >/dev/null || apt_install nodejs npm || true
  command -v npm >/dev/null || missing "npm, to download $1" 'apt-get install nodejs npm, brew install node, or nodejs.org'
}

python_is_there() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

need_python() {
  python_is_there || apt_install python3 python3-venv || true
  python_is_there || missing "Python 3 with venv, to download $1" 'apt-get install python3-venv, brew install python, or python.org'
}

# maven_jars PART FOLDER [OPTION…]: what the part's pom.xml lists, from Maven Central.
maven_jars() {
  bounded "$install_wait_s" mvn -q -B -f "$here/native/$1/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$2" "${@:3}"
}

# need_maven_jars PART NAME: makes the part's package by PART_download, unless it is there.
need_maven_jars() {
  made "$1" "$here/native/$1/pom.xml" && return 0
  need_maven "$2" && make_package "$1" "$1_download" "$here/native/$1/pom.xml"
}

# Prints a Go that is new enough, or that can get itself one that is (1.21 and up).
find_go() {
  local candidate minor
  for candidate in go /usr/local/go/bin/go "$packages/go/bin/go"; do
    minor=$("$candidate" env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
    if [ "${minor:-0}" -ge 21 ]; then printf '%s' "$candidate" && return 0; fi
  done
  return 1
}

# An older Go cannot build much, and yet it can download a newer one, checked against Go's own list of checksums.
go_download() {
  local module folder
  module=golang.org/toolchain@v0.0.1-$go_release.$(go env GOOS)-$(go env GOARCH)
  folder=$(cd "$1" && bounded "$install_wait_s" go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  [ -n "$folder" ] && cp -R "$folder/." "$1" && chmod -R u+w "$1" && chmod +x "$1"/bin/* "$1"/pkg/tool/*/*
}

# need_go WHAT HOW: as `missing` says it.
need_go() {
  if find_go >/dev/null; then return 0; fi
  command -v go >/dev/null || apt_install golang-go || true
  if ! find_go >/dev/null && command -v go >/dev/null; then make_package go go_download "$here/native/packages.sh" || true; fi
  find_go >/dev/null || missing "$1" "$2"
}

# made FOLDER FILE…: whether packages/FOLDER was made from these files as they are now.
made() { cat "${@:2}" | cmp -s - "$packages/$1/made-from"; }

# make_package FOLDER MAKER FILE…: calls MAKER with a folder to fill, and puts that in place once it is whole.
make_package() {
  local folder=$packages/$1 new=$packages/$1.new maker=$2 log=$logs/install-$1.log begun
  begun=$(now_ms)
  lock "$packages/lock" || return 1
  if made "$1" "${@:3}"; then
    # Somebody else has just made it.
    rm -f "$packages/lock"
    return 0
  fi
  printf '%-9s being installed\n' "$1"
  rm -rf "$new"
  mkdir -p "$new"
  if "$maker" "$new" >"$log" 2>&1 </dev/null && cat "${@:3}" >"$new/made-from"; then
    rm -rf "$folder"
    mv "$new" "$folder"
    rm -f "$packages/lock"
    printf '%-9s installed in %s\n' "$1" "$(seconds "$begun")"
  else
    rm -rf "$new" "$packages/lock"
    printf '%s: cannot be installed; the end of %s:\n' "$1" "$log" >&2
    tail -n 8 "$log" >&2
    return 1
  fi
}
