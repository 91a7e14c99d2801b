# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# What Roomtone's own processes are told: the same for all of them, made here and nowhere else.
#
# What else is in the environment of localstack/up reaches them too, such as SEARCH_URL or ROOMTONE_DRAIN_S.

# The key of the tokens: the operator's own, or one that is made once and kept.
secret() {
  if [ -n "${AUTH_HS256_SECRET:-}" ]; then printf '%s' "$AUTH_HS256_SECRET"; else "$here/secret.sh" "$secret_file"; fi
}

# environment: NAME=VALUE, a line each.
environment() {
  local key
  key=$(secret) || return 1
  printf '%s\n' "$(kafka_where)" "$(mongodb_where)" "$(dynamodb_where)" "$(redis_where)" \
    "ROOMTONE_KAFKA_REPLICATION=$kafka_copies" "ROOMTONE_KAFKA_MIN_INSYNC=$kafka_in_sync" \
    "AUTH_HS256_SECRET=$key" "ROOMTONE_LOG=${ROOMTONE_LOG:-info}"
  # A Zipkin that was asked for is there to be looked at: it gets every trace.
  if all_alive zipkin && [ -z "${OTEL_EXPORTER_OTLP_ENDPOINT:-}" ]; then
    printf '%s\n' "OTEL_EXPORTER_ZIPKIN_ENDPOINT=${OTEL_EXPORTER_ZIPKIN_ENDPOINT:-http://127.0.0.1:$zipkin_port/api/v2/spans}" \
      "OTEL_TRACES_SAMPLER_ARG=${OTEL_TRACES_SAMPLER_ARG:-1}"
  fi
}

# with_environment COMMAND…: by exports, for the arguments of a program can be read by anybody.
with_environment() (
  lines=$(environment) || exit 1
  while IFS= read -r line; do export "${line?}"; done <<<"$lines"
  "$@"
)
