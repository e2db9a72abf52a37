#!/bin/sh
# The namespace, made where it is not there yet. Closed incidents stay in Temporal for this long; in PostgreSQL for good.
set -eu
temporal operator namespace describe --namespace default >/dev/null 2>&1 && exit 0
temporal operator namespace create --namespace default --retention 30d
