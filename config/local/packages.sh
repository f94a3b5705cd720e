# What the distribution must provide. Installed with apt when we are root (or sudo asks
# nothing); otherwise the person is told the exact command.

# Python 3.11 or later that can make a virtual environment (uv needs no venv module).
find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# A uv on the PATH may be a shim that points nowhere: only one that answers counts.
find_uv() {
    if uv --version >/dev/null 2>&1; then command -v uv; return 0; fi
    if [ -x "$LOCAL/uv/bin/uv" ]; then echo "$LOCAL/uv/bin/uv"; return 0; fi
    return 1
}

find_chromium() {
    for candidate in chromium chromium-browser google-chrome google-chrome-stable; do
        # Ubuntu's chromium-browser is a snap stub: only one that answers counts.
        if "$candidate" --version >/dev/null 2>&1; then command -v "$candidate"; return 0; fi
    done
    return 1
}

# Its shell without windows starts three times faster, and draws no interface of its own.
find_test_browser() {
    if chromium-headless-shell --version >/dev/null 2>&1; then command -v chromium-headless-shell; return 0; fi
    find_chromium
}

# The folder of initdb and pg_ctl for a PostgreSQL that has PostGIS; $1: wanted major version or "".
find_postgres() {
    best=''
    for folder in /usr/lib/postgresql/*/bin; do
        major=$(basename "$(dirname "$folder")")
        [ -x "$folder/initdb" ] && [ -f "/usr/share/postgresql/$major/extension/postgis.control" ] || continue
        [ -f "/usr/share/postgresql/$major/extension/btree_gist.control" ] || continue
        if [ -n "$1" ]; then
            if [ "$major" = "$1" ]; then best=$folder; fi
        elif [ -z "$best" ] || [ "$major" -gt "$(basename "$(dirname "$best")")" ]; then
            best=$folder
        fi
    done
    if [ -z "$best" ] && command -v pg_config >/dev/null 2>&1; then
        folder=$(pg_config --bindir)
        if [ -x "$folder/initdb" ] && [ -f "$(pg_config --sharedir)/extension/postgis.control" ]; then
            case $(pg_config --version) in *" ${1:-[0-9]}"*) best=$folder ;; esac
        fi
    fi
    [ -n "$best" ] && echo "$best"
}

# Pango, which lays out the printed forms: opened as the site will open it, wherever it lies.
has_pango() {
    python=$(find_python) || return 1
    "$python" -c 'import ctypes
for name in ("libpango-1.0.so.0", "libpangoft2-1.0.so.0"):
    ctypes.CDLL(name)' 2>/dev/null
}

has_dejavu() {
    [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] && return 0
    fc-list 2>/dev/null | grep -q 'DejaVu Sans'
}

# Prints what only the printed forms need, on one line: without it everything else works.
missing_for_paper() {
    has_pango || printf 'libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 '
    has_dejavu || printf 'fonts-dejavu-core '
}

# Prints the apt packages that are missing, on one line; $1 is base or dev.
missing_packages() {
    python=$(find_python) || python=''
    if [ -z "$python" ]; then
        # A release whose python3 is too old may still have a newer one beside it.
        if command -v python3 >/dev/null 2>&1; then printf 'python3.11 python3.11-venv '
        else printf 'python3 python3-venv '; fi
    elif ! find_uv >/dev/null && ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        printf 'python3-venv '
    fi
    command -v node >/dev/null 2>&1 || printf 'nodejs '
    command -v npm >/dev/null 2>&1 || printf 'npm '
    command -v msgfmt >/dev/null 2>&1 || printf 'gettext '
    [ -e /etc/ssl/certs/ca-certificates.crt ] || [ ! -d /etc/apt ] || printf 'ca-certificates '
    if [ -z "${DATABASE_URL:-}" ] && ! find_postgres "$(cluster_version)" >/dev/null; then
        # These names are made exact by resolve_packages once apt's lists are fresh.
        version=$(cluster_version)
        printf 'postgresql%s postgresql-%spostgis ' "${version:+-$version}" "${version:+$version-}"
    fi
    if [ "$1" = dev ] && ! find_chromium >/dev/null; then
        printf 'chromium fonts-dejavu-core '
    fi
}

# postgresql-postgis is not in every release: name the package of the newest version instead.
resolve_packages() {
    for name in "$@"; do
        case $name in
            postgresql) ;;
            postgresql-postgis)
                newest=$(apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' |
                    cut -d' ' -f1 | sort -t- -k2n | tail -n 1)
                if [ -n "$newest" ]; then
                    printf '%s %s ' "${newest%-postgis-3}" "$newest"
                else
                    printf 'postgresql postgresql-postgis '
                fi ;;
            postgresql-*-postgis) printf '%s-3 ' "$name" ;;
            # An older release subsets fonts without it.
            libharfbuzz-subset0)
                if apt-cache show "$name" >/dev/null 2>&1; then printf '%s ' "$name"; fi ;;
            *) printf '%s ' "$name" ;;
        esac
    done
}

apt_install() {
    "$@" apt-get update -q
    # shellcheck disable=SC2046,SC2086 # a list of package names
    "$@" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        $(resolve_packages $MISSING) </dev/null
}

# Installs with apt what MISSING lists, if that can be done without asking; the output is kept.
apt_install_silently() {
    command -v apt-get >/dev/null 2>&1 || return 1
    if [ "$(id -u)" -eq 0 ]; then apt_install; else sudo -n true && apt_install sudo -n; fi >"$LOGS/step.log" 2>&1
}

# Printed forms are not worth stopping for: who cannot install them is told, and all the rest starts.
install_paper_packages() {
    MISSING=$(missing_for_paper)
    MISSING=${MISSING% }
    [ -n "$MISSING" ] || return 0
    label "Feuilles à imprimer"
    if apt_install_silently && [ -z "$(missing_for_paper)" ]; then
        say "fait"
    else
        say "sans : il manque $MISSING"
    fi
}

# The tests' browser without its interface, where the distribution has one: half the time of the
# browser tests. Chromium itself does as well, hence no refusal.
install_light_browser() {
    chromium-headless-shell --version >/dev/null 2>&1 && return 0
    apt-cache show chromium-headless-shell >/dev/null 2>&1 || return 0
    MISSING=chromium-headless-shell
    label "Navigateur sans fenêtre"
    if apt_install_silently; then say "fait"; else say "sans : Chromium fera l'affaire"; fi
}

# Tools that only some tests ask for: GDAL's own commands, which judge our files, and the pool of
# connections. Without them those tests are skipped, and say so.
install_test_tools() {
    MISSING=''
    command -v ogrinfo >/dev/null 2>&1 || MISSING='gdal-bin '
    [ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null 2>&1 || MISSING="${MISSING}pgbouncer "
    [ -n "$MISSING" ] || return 0
    label "Outils des tests"
    if apt_install_silently; then say "fait"; else say "sans : $MISSING(leurs tests seront passés)"; fi
}

install_dev_extras() {
    [ "$1" = dev ] || return 0
    install_light_browser
    install_test_tools
}

install_packages() {
    MISSING=$(missing_packages "$1")
    MISSING=${MISSING% }
    if [ -z "$MISSING" ]; then
        already "Paquets du système"
        install_paper_packages
        install_dev_extras "$1"
        return 0
    fi
    if ! command -v apt-get >/dev/null 2>&1; then
        refuse "il manque à cette machine l'équivalent des paquets Debian suivants : $MISSING." \
            "Installez-les avec le gestionnaire de votre système, puis relancez la même commande."
    fi
    if [ "$(id -u)" -eq 0 ]; then
        step "Paquets du système" apt_install
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        step "Paquets du système" apt_install sudo -n
    else
        # shellcheck disable=SC2046,SC2086 # a list of package names
        refuse "il manque des paquets du système, et les installer demande les droits d'administration." \
            "Tapez (ou faites taper) : sudo apt-get update && sudo apt-get install $(resolve_packages $MISSING)" \
            "puis relancez la même commande."
    fi
    left=$(missing_packages "$1")
    [ -z "$left" ] || refuse "apt a terminé mais il manque encore : $left. Voyez $LOGS/step.log."
    install_paper_packages
    install_dev_extras "$1"
}
