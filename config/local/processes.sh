# Migrating, loading, serving, testing, stopping.

manage() {
    REPERES_PROCESS=manage "$PYTHON" manage.py "$@"
}

prepare_database() {
    step "Base : migrations" manage migrate --no-input
    collect_static
}

# Fingerprint of every file that ends under /static/; the libraries count through their locks.
collect_static() {
    wanted=$(find frontend/static config -type f \( -path 'frontend/*' -o -name 'settings.py' -o -name 'staticfiles.py' \) \
        -exec cksum {} + | LC_ALL=C sort | cksum | tr ' ' '-')-$(fingerprint package-lock.json requirements/base.txt)
    if [ -f "$LOCAL/static/staticfiles.json" ] && [ "$(cat "$STAMPS/static" 2>/dev/null)" = "$wanted" ]; then
        already "Fichiers statiques"
        return 0
    fi
    # Left out: the browsable API we do not serve, and Leaflet's unminified twins. Nothing is
    # cleared: a page still open on a phone may ask for a former hashed name.
    step "Fichiers statiques" manage collectstatic --no-input \
        --ignore rest_framework --ignore 'leaflet-src*'
    printf '%s\n' "$wanted" >"$STAMPS/static"
}

load_demo() {
    step "Territoire de démonstration" manage load_demo
    remember_demo_mode
    # load_demo says which boundaries it used; that is for the person, not only for the log.
    # Lines that redraw themselves (progress) begin with an escape: they are left out.
    [ "$QUIET" = yes ] || tr '\r' '\n' <"$LOGS/step.log" | grep -v "$(printf '\033')" | sed 's/^\(.\)/    \1/' || true
}

# --- Processes that `stop` will find again -------------------------------------------

# The moment a process was born: with its id, it names that process and no later one.
birth_of() {
    if [ -r "/proc/$1/stat" ]; then
        sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20
    else
        ps -o lstart= -p "$1" 2>/dev/null
    fi
}

register() {
    birth_of "$2" >"$RUN/$1-$2.pid"
}

is_registered_alive() {
    pid=$(basename "$1" .pid)
    pid=${pid##*-}
    born=$(birth_of "$pid")
    [ -n "$born" ] && [ "$born" = "$(cat "$1")" ]
}

port_is_free() {
    "$PYTHON" - "$PORT" <<'PY'
import socket
import sys

with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(sys.argv[1])))
    except OSError:
        sys.exit(1)
PY
}

require_free_port() {
    port_is_free || refuse "le port $PORT de 127.0.0.1 est déjà pris (ou réservé). Essayez : ./reperes $verb --port $((PORT % 65535 + 1))"
}

exec_web() {
    REPERES_PROCESS=web
    REPERES_PUBLIC_URL=${REPERES_PUBLIC_URL:-http://127.0.0.1:$PORT}
    export REPERES_PROCESS REPERES_PUBLIC_URL
    exec "$PYTHON" -m gunicorn --config config/gunicorn_conf.py --bind "127.0.0.1:$PORT" config.wsgi:application
}

exec_worker() {
    REPERES_PROCESS=worker
    export REPERES_PROCESS
    exec "$PYTHON" manage.py procrastinate worker
}

# exec keeps the process id: what is registered here is gunicorn itself.
serve_web() {
    require_free_port
    collect_static
    [ -z "${REPERES_DEMO:-}" ] || say_accounts
    say "Repères : http://127.0.0.1:$PORT/ — Ctrl-C pour arrêter"
    register web $$
    exec_web
}

run_worker() {
    say "Tâches de fond en marche — Ctrl-C pour arrêter"
    register worker $$
    exec_worker
}

say_accounts() {
    cat <<TEXT

  Comptes de démonstration (mot de passe : demo-reperes), sur http://127.0.0.1:$PORT/compte/connexion/
    maire@aurillac.demo        décide pour Aurillac
    secretaire@aurillac.demo   saisit pour Aurillac
    maire@ytrac.demo           décide pour Ytrac
    referent@caba.demo         décide pour l'intercommunalité
    geomatique@cantal.demo     publie les couches
    admin@reperes.demo         administre

TEXT
}

say_how_to_serve() {
    say_accounts
    say "Prêt. Ensuite, dans deux terminaux : ./reperes serve --port $PORT  et  ./reperes worker"
}

wait_until_answering() {
    "$PYTHON" - "$PORT" "$1" <<'PY'
import os
import sys
import time
import urllib.request

for _ in range(120):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/healthz", timeout=5)
        sys.exit(0)
    except OSError:
        time.sleep(0.5)
    try:
        os.kill(int(sys.argv[2]), 0)
    except ProcessLookupError:
        break
sys.exit(1)
PY
}

stop_both() {
    trap '' INT TERM HUP
    printf '\nArrêt…\n'
    kill -TERM "$WEB" "$WORKER" 2>/dev/null || true
    wait "$WEB" 2>/dev/null || true
    wait "$WORKER" 2>/dev/null || true
    rm -f "$RUN/web-$WEB.pid" "$RUN/worker-$WORKER.pid"
}

# Pages and jobs together, in the foreground: Ctrl-C ends both, and the end of one ends the other.
serve_all() {
    require_free_port
    rm -f "$RUN/stopped"
    exec_web &
    WEB=$!
    exec_worker &
    WORKER=$!
    trap 'stop_both; exit 0' INT TERM HUP
    register web "$WEB"
    register worker "$WORKER"
    if ! wait_until_answering "$WEB"; then
        stop_both
        refuse "le serveur n'a pas répondu ; la raison est au-dessus."
    fi
    say_accounts
    say "Repères est ouvert : http://127.0.0.1:$PORT/ — API : http://127.0.0.1:$PORT/api/v1/docs/ — Ctrl-C pour arrêter"
    while kill -0 "$WEB" 2>/dev/null && kill -0 "$WORKER" 2>/dev/null; do
        sleep 1
    done
    stop_both
    [ ! -f "$RUN/stopped" ] || { say "Arrêté par ./reperes stop."; return 0; }
    refuse "un des deux processus s'est arrêté de lui-même ; la raison est au-dessus. Relancez ./reperes demo."
}

# Ends a process of ours politely, then firmly.
end_process() {
    kill -TERM "$1" 2>/dev/null || return 0
    patience=40
    while [ "$patience" -gt 0 ] && kill -0 "$1" 2>/dev/null; do
        sleep 0.5
        patience=$((patience - 1))
    done
    kill -0 "$1" 2>/dev/null || return 0
    kill -KILL "$1" 2>/dev/null || true
}

stop_all() {
    [ -d "$LOCAL" ] || { say "Rien ne tourne ici."; return 0; }
    make_folders
    : >"$RUN/stopped" # so that `demo` knows why its processes leave
    for record in "$RUN"/*.pid; do
        [ -f "$record" ] || continue
        if is_registered_alive "$record"; then step "Arrêt de $(basename "$record" .pid)" end_process "$pid"; fi
        rm -f "$record"
    done
    stop_private_cluster
    say "Tout est arrêté."
}

# --- Tests -----------------------------------------------------------------------------

run_tests() {
    collect_static
    REPERES_CHROMIUM=${REPERES_CHROMIUM:-$(find_test_browser)}
    REPERES_CHROMIUM_FULL=${REPERES_CHROMIUM_FULL:-$(find_chromium)}
    export REPERES_CHROMIUM REPERES_CHROMIUM_FULL
    unset REPERES_DEMO REPERES_PROCESS
    # What was collected just above serves each worker of the tests.
    export REPERES_COLLECTED=1
    coverage='' workers='-n 2'
    # Counting branches costs a third of the time: asked for, by REPERES_COVERAGE=1.
    [ $# -gt 0 ] || [ "${REPERES_COVERAGE:-}" != 1 ] || coverage='--cov --cov-report=term-missing:skip-covered'
    for argument in "$@"; do
        case $argument in
            -n|-n[0-9]*|--numprocesses*|--pdb|-s|no:xdist) workers='' ;;
        esac
    done
    # Files in their own order: by number of tests, the few long ones (a browser, days of faults)
    # would come last, on one core.
    # shellcheck disable=SC2086 # several options each
    exec "$PYTHON" -m pytest $workers ${workers:+--dist loadfile --no-loadscope-reorder} $coverage "$@"
}
