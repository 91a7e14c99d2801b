#!/bin/bash
# A container's health: whether a GET is answered with this status. The image has no curl.
#
#   answers.sh PORT PATH STATUS
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&3
read -r _ status _ <&3
[ "$status" = "$3" ]
