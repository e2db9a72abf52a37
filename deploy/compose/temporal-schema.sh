#!/bin/sh
# Brings both of Temporal's schemas to the version of these tools. The databases are made by postgres-roles.sh.
set -eu
bring() {
    tool="temporal-sql-tool --plugin postgres12 --endpoint postgres --port 5432 --user temporal --database $1"
    # It fails where the schema is there already; the update after it fails where there is none.
    $tool setup-schema --version 0.0 || echo "$1 has a schema"
    $tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$2/versioned"
}
bring temporal temporal
bring temporal_visibility visibility
