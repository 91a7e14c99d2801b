# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# Eureka, the registry of Spring services, from its jars on Maven Central; started where it is asked for by name.

eureka_port=${ROOMTONE_EUREKA_PORT:-8761}

eureka_where() { printf 'EUREKA_URL=http://127.0.0.1:%s/eureka' "$eureka_port"; }

eureka_install() { need_javac Eureka && need_maven_jars eureka Eureka; }

eureka_download() { maven_jars eureka "$1" -DincludeScope=runtime; }

# It is alone, so it asks no peers, and it tells of an instance at once rather than from time to time.
eureka_start() {
  begin eureka "$eureka_port" java -Xms64m -Xmx256m -XX:+ExitOnOutOfMemoryError -cp "$packages/eureka/*" \
    "$here/native/eureka/Eureka.java" --server.address=127.0.0.1 "--server.port=$eureka_port" \
    --eureka.client.register-with-eureka=false --eureka.client.fetch-registry=false \
    --eureka.server.use-read-only-response-cache=false --eureka.server.response-cache-update-interval-ms=1000 \
    --eureka.server.enable-self-preservation=false --eureka.server.wait-time-in-ms-when-sync-empty=0
}

eureka_probe() { ask_http "$eureka_port" /eureka/apps ' 200 '; }

eureka_version() { sed -n 's|.*<version>\(.*\)</version> *<!-- Eureka -->.*|Eureka, by Spring Cloud Netflix \1|p' "$here/native/eureka/pom.xml"; }
