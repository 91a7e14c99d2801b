#!/bin/sh
# Runs a program with the key of the tokens: the one that it is given, or one that all containers share by a volume.
#
#   with-secret.sh COMMAND…
set -eu
: "${AUTH_HS256_SECRET:=$("$(dirname "$0")/secret.sh" /secret/hs256)}"
export AUTH_HS256_SECRET
exec "$@"
