# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# MongoDB: a mongod where there is one. It is in no package registry, so FerretDB stands in for it elsewhere: the same
# protocol over SQLite, built from its module.

mongodb_port=${ROOMTONE_MONGODB_PORT:-18001}

mongodb_where() { printf 'MONGO_URI=mongodb://127.0.0.1:%s/chattingdb' "$mongodb_port"; }

mongodb_install() {
  local source=$here/native/ferretdb
  if command -v mongod >/dev/null || made ferretdb "$source/go.mod" "$source/go.sum" "$source"/*.go; then return 0; fi
  need_go 'mongod, or Go 1.21 or newer to build FerretDB in its place' \
    'MongoDB from mongodb.com (brew install mongodb-community), or Go: apt-get install golang-go, brew install go, go.dev' &&
    make_package ferretdb mongodb_build "$source/go.mod" "$source/go.sum" "$source"/*.go
}

mongodb_build() {
  (cd "$here/native/ferretdb" &&
    CGO_ENABLED=0 bounded "$install_wait_s" "$(find_go)" build -trimpath -buildvcs=false -mod=readonly -o "$1/ferretdb" .)
}

# A folder each: the one cannot read the other's files.
mongodb_start() {
  if command -v mongod >/dev/null; then
    mkdir -p "$data/mongodb/mongod" &&
      begin mongodb "$mongodb_port" mongod --bind_ip 127.0.0.1 --port "$mongodb_port" --dbpath "$data/mongodb/mongod" \
        --nounixsocket --wiredTigerCacheSizeGB 0.25
  else
    mkdir -p "$data/mongodb/ferretdb" &&
      begin mongodb "$mongodb_port" "$packages/ferretdb/ferretdb" --listen "127.0.0.1:$mongodb_port" \
        --data "$data/mongodb/ferretdb"
  fi
}

# OP_MSG {hello: 1, $db: "admin"}
# shellcheck disable=SC2016 # $db is a name in the document
mongodb_probe() {
  local head='\0064\0000\0000\0000\0001\0000\0000\0000\0000\0000\0000\0000\0335\0007\0000\0000\0000\0000\0000\0000\0000'
  ask "$mongodb_port" \
    "$head"'\0037\0000\0000\0000\0020hello\0000\0001\0000\0000\0000\0002$db\0000\0006\0000\0000\0000admin\0000\0000' \
    maxWireVersion
}

mongodb_version() {
  if command -v mongod >/dev/null; then
    mongod --version | sed -n 's/^db version v/MongoDB /p'
  else
    sed -n 's|^require github.com/FerretDB/FerretDB v|FerretDB |p' "$here/native/ferretdb/go.mod"
  fi
}
