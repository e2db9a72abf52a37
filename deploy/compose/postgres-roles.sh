#!/bin/sh
# Runs once, in an empty data folder: a role and databases for Temporal, and for Nightshift.
set -eu
psql --username=postgres --set=ON_ERROR_STOP=1 \
    --set=temporal="$TEMPORAL_DB_PASSWORD" --set=nightshift="$NIGHTSHIFT_DB_PASSWORD" <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE ROLE nightshift LOGIN PASSWORD :'nightshift';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
CREATE DATABASE nightshift OWNER nightshift;
REVOKE CONNECT ON DATABASE temporal, temporal_visibility, nightshift, postgres FROM PUBLIC;
GRANT CONNECT ON DATABASE temporal, temporal_visibility TO temporal;
GRANT CONNECT ON DATABASE nightshift TO nightshift;
\connect nightshift
CREATE EXTENSION vector;
\connect temporal_visibility
CREATE EXTENSION btree_gin;
SQL
