#!/bin/sh
# Makes the tables of infra/tables.json in LocalStack, which runs what is in this folder once it is ready.
set -eu
awslocal cloudformation deploy --template-file /infra/tables.json --stack-name roomtone --no-fail-on-empty-changeset
