# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# Zipkin from its jar on Maven Central; traces are kept in memory.

zipkin_port=${ROOMTONE_ZIPKIN_PORT:-9411}

zipkin_where() { printf 'http://127.0.0.1:%s/zipkin' "$zipkin_port"; }

zipkin_install() { need_java Zipkin && need_maven_jars zipkin Zipkin; }

zipkin_download() { maven_jars zipkin "$1" -Dmdep.stripVersion=true; }

zipkin_start() {
  begin zipkin "$zipkin_port" env STORAGE_TYPE=mem MEM_MAX_SPANS=100000 java -Xms64m -Xmx256m \
    -XX:+ExitOnOutOfMemoryError -jar "$packages/zipkin/zipkin-server-exec.jar" \
    "--armeria.ports[0].address=127.0.0.1" "--armeria.ports[0].port=$zipkin_port" "--armeria.ports[0].protocols[0]=http"
}

zipkin_probe() { ask_http "$zipkin_port" /health ' 200 '; }

zipkin_version() { sed -n 's|.*<version>\(.*\)</version> *<!-- Zipkin -->.*|Zipkin \1|p' "$here/native/zipkin/pom.xml"; }
