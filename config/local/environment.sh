# Where things lie, and the variables Django reads. Nothing here changes the machine
# beyond creating folders under $REPERES_LOCAL.

# A caller's own settings of these tools would install elsewhere or reach another server.
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV CDPATH
unset PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV PIP_REQUIRE_HASHES PIP_NO_DEPS
unset UV_PYTHON UV_SYSTEM_PYTHON UV_TARGET UV_PREFIX UV_PROJECT_ENVIRONMENT UV_REQUIRE_HASHES
export UV_PYTHON_DOWNLOADS=never
unset NODE_ENV

# Paths in the caller's arguments start from the caller's folder; everything else from the clone.
CALLER_FOLDER=$(pwd)
case ${REPERES_TERRITOIRES:-/} in
    /*) ;;
    *) REPERES_TERRITOIRES=$CALLER_FOLDER/$REPERES_TERRITOIRES; export REPERES_TERRITOIRES ;;
esac
cd "$ROOT"

LOCAL=${REPERES_LOCAL:-$ROOT/.local}
case $LOCAL in
    /*) ;;
    *) LOCAL=$ROOT/$LOCAL ;;
esac

STAMPS=$LOCAL/stamps
LOGS=$LOCAL/logs
RUN=$LOCAL/run
VENV=$LOCAL/venv
PYTHON=$VENV/bin/python

# Folders of the clone; the secrets among them are readable by their owner only.
make_folders() {
    mkdir -p "$LOCAL" "$STAMPS" "$LOGS" "$RUN" "$LOCAL/media" "$LOCAL/exports" 2>/dev/null ||
        refuse "le dossier $LOCAL ne peut pas être créé. Donnez-vous le droit d'y écrire, ou choisissez" \
            "un autre dossier : REPERES_LOCAL=/chemin ./reperes …"
    chmod 700 "$LOCAL/run" "$LOGS"
    REPERES_LOCAL=$(CDPATH='' cd -- "$LOCAL" && pwd -P)
    export REPERES_LOCAL
}

# Two commands of one clone must not set up at the same time. The lock is held by file
# descriptor 9, which long-lived children close (9>&-) so that they never keep it.
take_lock() {
    exec 9>"$LOCAL/lock"
    command -v flock >/dev/null 2>&1 || return 0
    flock -n 9 && return 0
    say "  Une autre commande prépare ce dossier : on attend qu'elle finisse…"
    flock -w 1800 9 || refuse "une autre commande ./reperes occupe ce dossier depuis 30 minutes. Arrêtez-la puis relancez."
}

drop_lock() {
    exec 9>&-
}

enter_demo_mode() {
    REPERES_DEMO=1
    export REPERES_DEMO
}

# What `demo` loaded stays a demo for serve, worker and manage: on that database only.
remember_demo_mode() {
    printf '%s' "$DATABASE_URL" | cksum >"$LOCAL/demo"
}

recall_demo_mode() {
    [ -z "${REPERES_DEMO:-}" ] && [ -f "$LOCAL/demo" ] || return 0
    if [ "$(printf '%s' "$DATABASE_URL" | cksum)" = "$(cat "$LOCAL/demo")" ]; then enter_demo_mode; fi
}

# On the private database or in the demo, a key drawn once; elsewhere settings ask for one.
provide_secret_key() {
    [ -z "${SECRET_KEY:-}" ] || return 0
    [ "$PRIVATE_CLUSTER" = yes ] || [ "${REPERES_DEMO:-}" = 1 ] || return 0
    if [ ! -s "$LOCAL/secret_key" ]; then
        (umask 077 && od -An -tx1 -N32 /dev/urandom | tr -d ' \n' >"$LOCAL/secret_key")
    fi
    SECRET_KEY=$(cat "$LOCAL/secret_key")
    export SECRET_KEY
}

# Everything a verb needs before it can run Python code; $1 is base or dev.
set_up() {
    make_folders
    take_lock
    say "Préparation ($REPERES_LOCAL)"
    install_packages "$1"
    install_python "$1"
    install_node "$1"
    compile_messages
    provide_database
    recall_demo_mode
    provide_secret_key
    drop_lock
}
