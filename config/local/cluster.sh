# The private PostgreSQL + PostGIS of this clone, when DATABASE_URL names no other one.
#
# It listens on a unix socket only, in a folder that nobody else may enter; that folder is
# the lock on the door, so connections need no password. PostgreSQL refuses to run as root:
# root's cluster belongs to the user `postgres` (or `nobody`), and lies outside the clone
# when that user may not enter it.

PRIVATE_CLUSTER=no
TEMPLATE_DATABASE=template_postgis

# Folder of the cluster: data/, socket/ and postgres.log. pg.path is written when it lies elsewhere.
cluster_home() {
    if [ -s "$LOCAL/pg.path" ] && cluster_is_ours "$(cat "$LOCAL/pg.path")"; then
        cat "$LOCAL/pg.path"
    else
        printf '%s\n' "$LOCAL/pg"
    fi
}

# A copied clone carries the address of the original's cluster: it must not use it.
cluster_is_ours() {
    [ "$(cat "$1/clone" 2>/dev/null)" = "$(CDPATH='' cd -- "$LOCAL" && pwd -P)" ]
}

cluster_version() {
    cat "$(cluster_home)/data/PG_VERSION" 2>/dev/null || true
}

# As root, the unprivileged user that owns the data; empty for anybody else.
cluster_user() {
    [ "$(id -u)" -eq 0 ] || return 0
    for user in postgres nobody; do
        if id "$user" >/dev/null 2>&1; then echo "$user"; return 0; fi
    done
}

# Runs a command as the cluster's user, from a folder that every user may enter.
as_cluster_user() {
    if [ -z "$CLUSTER_USER" ]; then
        (cd / && exec "$@")
    elif command -v runuser >/dev/null 2>&1; then
        (cd / && exec runuser -u "$CLUSTER_USER" -- "$@")
    else
        (cd / && exec setpriv --reuid="$CLUSTER_USER" --regid="$(id -g "$CLUSTER_USER")" --clear-groups "$@")
    fi
}

# Chooses and makes the cluster's folder; sets CLUSTER.
place_cluster() {
    CLUSTER=$(cluster_home)
    [ ! -f "$CLUSTER/data/PG_VERSION" ] || return 0
    mkdir -p "$CLUSTER"
    chmod 700 "$CLUSTER"
    [ -z "$CLUSTER_USER" ] || chown "$CLUSTER_USER" "$CLUSTER"
    if ! as_cluster_user test -w "$CLUSTER/."; then
        # The clone lies below a folder closed to that user (/root, a 0700 home).
        rmdir "$CLUSTER" 2>/dev/null || true
        parent=/var/lib/reperes
        mkdir -p "$parent" 2>/dev/null && chmod 755 "$parent" || parent=${TMPDIR:-/tmp}
        CLUSTER=$(mktemp -d "$parent/pg.XXXXXX")
        chown "$CLUSTER_USER" "$CLUSTER"
        as_cluster_user test -w "$CLUSTER/." ||
            refuse "aucun dossier où l'utilisateur $CLUSTER_USER puisse écrire (essayé : $LOCAL/pg, $CLUSTER)." \
                "Clonez dans un dossier lisible par tous (/srv, /opt), ou donnez DATABASE_URL."
        printf '%s\n' "$REPERES_LOCAL" >"$CLUSTER/clone"
        chmod 644 "$CLUSTER/clone"
        printf '%s\n' "$CLUSTER" >"$LOCAL/pg.path"
        say "  (données de la base dans $CLUSTER : $CLUSTER_USER ne peut pas entrer dans le clone)"
    fi
}

# A socket's whole path holds 107 bytes at most: a deep clone gets a short one under /tmp.
place_socket() {
    SOCKET=$CLUSTER/socket
    if [ "$(printf '%s/.s.PGSQL.5432' "$SOCKET" | wc -c)" -gt 107 ]; then
        SOCKET=$(cat "$CLUSTER/socket.path" 2>/dev/null || true)
        if [ ! -d "${SOCKET:-/nonexistent}" ]; then
            SOCKET=$(mktemp -d "/tmp/reperes.XXXXXX")
            [ -z "$CLUSTER_USER" ] || chown "$CLUSTER_USER" "$SOCKET"
            printf '%s\n' "$SOCKET" | as_cluster_user tee "$CLUSTER/socket.path" >/dev/null
        fi
    else
        as_cluster_user mkdir -p -m 700 "$SOCKET"
    fi
}

make_cluster() {
    as_cluster_user "$PG_BIN/initdb" -D "$CLUSTER/data" -U reperes -A trust -E UTF8 --locale=C.UTF-8 ||
        { as_cluster_user rm -rf "$CLUSTER/data"; return 1; }
    echo "include_if_exists = 'reperes.conf'" | as_cluster_user tee -a "$CLUSTER/data/postgresql.conf"
}

# Rewritten before each start: a moved clone has another socket folder.
write_cluster_settings() {
    memory=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo 2>/dev/null || true)
    buffers=128MB
    if [ "${memory:-0}" -ge 4000000 ]; then buffers=512MB; fi
    # Within the quotes of the setting, a list of one quoted folder: commas and spaces are safe.
    folder=$(printf '%s' "$SOCKET" | sed "s/'/''/g; s/\"/\"\"/g")
    as_cluster_user tee "$CLUSTER/data/reperes.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '"$folder"'
unix_socket_permissions = 0700
port = 5432
shared_buffers = $buffers
effective_cache_size = 2GB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
max_connections = 100
log_error_verbosity = terse
log_min_duration_statement = 2s
log_timezone = 'UTC'
lc_messages = 'C'
CONF
}

cluster_runs() {
    [ -f "$CLUSTER/data/PG_VERSION" ] && as_cluster_user "$PG_BIN/pg_ctl" -D "$CLUSTER/data" status >/dev/null 2>&1
}

start_cluster() {
    write_cluster_settings
    as_cluster_user "$PG_BIN/pg_ctl" -D "$CLUSTER/data" -l "$CLUSTER/postgres.log" -w -t 120 start \
        </dev/null 9>&- || { as_cluster_user tail -n 15 "$CLUSTER/postgres.log"; return 1; }
}

stop_cluster_server() {
    as_cluster_user "$PG_BIN/pg_ctl" -D "$CLUSTER/data" -m fast -w -t 60 stop
}

# SQL on one of our databases: psql -At, any error is an error.
sql() {
    sql_database=$1
    shift
    "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -d "$sql_database" -c "$*" </dev/null
}

database_exists() {
    [ "$(sql postgres "SELECT 1 FROM pg_database WHERE datname = '$1'")" = 1 ]
}

# Test databases are file copies of this one. It takes its name last, so a half-made one is never used.
make_template() {
    sql postgres 'DROP DATABASE IF EXISTS template_postgis_draft'
    sql postgres 'CREATE DATABASE template_postgis_draft TEMPLATE template0'
    for extension in postgis btree_gist unaccent pg_trgm; do
        sql template_postgis_draft "CREATE EXTENSION $extension"
    done
    sql postgres "ALTER DATABASE template_postgis_draft RENAME TO $TEMPLATE_DATABASE"
    sql postgres "ALTER DATABASE $TEMPLATE_DATABASE WITH IS_TEMPLATE true ALLOW_CONNECTIONS false"
}

make_database() {
    sql postgres "CREATE DATABASE reperes TEMPLATE $TEMPLATE_DATABASE"
}

# A folder's path as the value of a URL parameter, byte by byte.
url_encode() {
    printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g'
}

# Makes sure that DATABASE_URL leads somewhere: the given one, else our private cluster.
provide_database() {
    if [ -n "${DATABASE_URL:-}" ]; then
        label "Base de données"
        say "celle de DATABASE_URL"
        return 0
    fi
    unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGDATABASE PGSERVICE PGOPTIONS PGSSLMODE PGPASSFILE PGDATA
    PRIVATE_CLUSTER=yes
    CLUSTER_USER=$(cluster_user)
    place_cluster
    PG_BIN=$(find_postgres "$(cluster_version)") ||
        refuse "les données de $CLUSTER sont de PostgreSQL $(cluster_version), absent de cette machine." \
            "Installez postgresql-$(cluster_version)-postgis-3, ou écartez ce dossier pour repartir d'une base vide."
    place_socket
    [ -f "$CLUSTER/data/PG_VERSION" ] || step "Base privée : création" make_cluster
    # A socket folder that was swept away (/tmp) leaves a server nobody can reach: start it again.
    if cluster_runs && [ ! -S "$SOCKET/.s.PGSQL.5432" ]; then step "Base privée : arrêt" stop_cluster_server; fi
    if cluster_runs; then already "Base privée"; else step "Base privée : démarrage" start_cluster; fi
    export PGHOST="$SOCKET" PGUSER=reperes
    database_exists "$TEMPLATE_DATABASE" || step "Base privée : PostGIS" make_template
    database_exists reperes || step "Base privée : base reperes" make_database
    REPERES_TEMPLATE=$TEMPLATE_DATABASE
    DATABASE_URL="postgresql://reperes@/reperes?host=$(url_encode "$SOCKET")"
    export DATABASE_URL REPERES_TEMPLATE
}

# Stops our own cluster, if it was ever made; used by `stop` alone.
stop_private_cluster() {
    CLUSTER_USER=$(cluster_user)
    CLUSTER=$(cluster_home)
    [ -f "$CLUSTER/data/PG_VERSION" ] || return 0
    PG_BIN=$(find_postgres "$(cluster_version)") || return 0
    cluster_runs || return 0
    step "Base privée : arrêt" stop_cluster_server
}
