# Python and npm packages, exactly as locked: Python with hashes, npm with its lock file.

make_uv() {
    python=$(find_python)
    "$python" -m venv --clear "$LOCAL/uv"
    "$LOCAL/uv/bin/python" -m pip install --require-hashes -r requirements/uv.txt
}

make_venv() {
    uv=$(find_uv)
    rm -rf "$VENV"
    "$uv" venv --quiet --python "$(find_python)" "$VENV"
}

sync_python() {
    uv=$(find_uv)
    "$uv" pip sync --require-hashes --python "$PYTHON" "requirements/$1.txt"
    "$PYTHON" -c 'import django, psycopg, pyogrio, shapely'
}

# dev holds all of base: a folder once set up for the tests stays so.
install_python() {
    find_uv >/dev/null || step "Installateur Python (uv)" make_uv
    level=$1
    if [ -f "$STAMPS/python" ] && grep -q '^dev ' "$STAMPS/python"; then level=dev; fi
    if ! "$PYTHON" -c '' 2>/dev/null; then
        step "Environnement Python" make_venv
        rm -f "$STAMPS/python"
    fi
    # The folder is part of the fingerprint: a moved clone makes its environment again.
    wanted="$level $(fingerprint "requirements/$level.txt") $VENV"
    if [ "$(cat "$STAMPS/python" 2>/dev/null)" = "$wanted" ]; then
        already "Bibliothèques Python"
    else
        step "Bibliothèques Python" sync_python "$level"
        printf '%s\n' "$wanted" >"$STAMPS/python"
    fi
}

install_node() {
    level=$1 options=--omit=dev
    if [ -f "$STAMPS/node" ] && grep -q '^dev ' "$STAMPS/node"; then level=dev; fi
    if [ "$level" = dev ]; then options=--include=dev; fi
    wanted="$level $(fingerprint package.json package-lock.json)"
    if [ -d node_modules ] && [ "$(cat "$STAMPS/node" 2>/dev/null)" = "$wanted" ]; then
        already "Bibliothèques du navigateur"
        return 0
    fi
    step "Bibliothèques du navigateur" npm ci "$options" --no-audit --no-fund
    printf '%s\n' "$wanted" >"$STAMPS/node"
}

# French is in the sources; the English catalogue is compiled when it changed.
compile_messages() {
    for catalogue in frontend/locale/*/LC_MESSAGES/*.po; do
        [ -f "$catalogue" ] || continue
        compiled=${catalogue%.po}.mo
        if [ ! -f "$compiled" ] || [ "$catalogue" -nt "$compiled" ]; then
            step "Traductions" msgfmt --check-format -o "$compiled" "$catalogue"
        fi
    done
}
