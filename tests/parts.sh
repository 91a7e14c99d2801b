# shellcheck shell=bash
# The real parts that tests run on: a set of their own, on ports of its own, kept in tests/.tools. Sourced at the project's root by
# what starts them.

# parts COMMAND…: a command of localstack's for that set. DynamoDB's emulator has `heap`, where that is set.
parts() {
  env ROOMTONE_RUN="$PWD/tests/.tools/parts" ROOMTONE_KAFKA_PORT=29092 ROOMTONE_MONGODB_PORT=28001 \
    ROOMTONE_DYNAMODB_PORT=24566 ROOMTONE_DYNAMODB_MEMORY=1 ROOMTONE_DYNAMODB_HEAP="${heap:-1g}" \
    ROOMTONE_REDIS_PORT=26379 "$@"
}

parts_up() { parts localstack/up --native kafka mongodb dynamodb redis; }

parts_down() { if [ -d tests/.tools/parts ]; then parts localstack/down --wipe; fi; }

# on_parts COMMAND…: told where the parts are.
on_parts() (
  environment=$(parts localstack/env) || exit 1
  eval "$environment"
  unset AUTH_HS256_SECRET ROOMTONE_LOG
  "$@"
)
