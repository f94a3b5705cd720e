#!/bin/sh
# The replica: copied once from the database that decides, then following it for ever.
set -eu
data=/var/lib/postgresql/data/pgdata
if [ ! -s "$data/PG_VERSION" ]; then
    rm -rf "$data"
    pg_basebackup --host=db --username=reperes --pgdata="$data" --write-recovery-conf \
        --wal-method=stream --checkpoint=fast
    chmod 700 "$data"
fi
# A long reading is not cut because the other database vacuums; a link that is dead is known in ten seconds.
exec postgres -D "$data" -c hot_standby_feedback=on -c wal_receiver_timeout=10s -c listen_addresses='*'
