#!/bin/sh
# Run once by the image of PostgreSQL, when the database is made: let a replica in from our own network.
set -eu
echo "host replication reperes samenet scram-sha-256" >>"$PGDATA/pg_hba.conf"
