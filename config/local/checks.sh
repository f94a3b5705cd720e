# What `./reperes check` looks at: everything runs, then one verdict.

FAILED_CHECKS=''

# verify LABEL COMMAND… : prints the output of a failed check and goes on to the next one.
verify() {
    verify_label=$1
    shift
    label "$verify_label"
    set +e
    (set -e; "$@") >"$LOGS/check.log" 2>&1
    verify_status=$?
    set -e
    if [ "$verify_status" -eq 0 ]; then
        printf 'bon\n'
    else
        printf 'À CORRIGER\n'
        sed 's/^/    /' "$LOGS/check.log"
        FAILED_CHECKS="$FAILED_CHECKS
  - $verify_label"
    fi
}

# Settings as on a public server, so that `check --deploy` judges the real ones.
check_deployment() {
    env -u REPERES_DEMO DJANGO_DEBUG=0 ALLOWED_HOSTS=reperes.exemple.fr REPERES_HTTPS=1 \
        REPERES_PUBLIC_URL=https://reperes.exemple.fr REPERES_PROCESS=manage \
        SECRET_KEY="$(od -An -tx1 -N48 /dev/urandom | tr -d ' \n')" \
        "$PYTHON" manage.py check --deploy --fail-level WARNING
}

# The committed description is the one the code gives.
check_api_description() {
    manage spectacular --validate --fail-on-warn --file "$LOGS/openapi.yaml"
    diff -u docs/openapi.yaml "$LOGS/openapi.yaml" || {
        echo "docs/openapi.yaml n'est plus à jour : ./reperes manage spectacular --file docs/openapi.yaml"
        return 1
    }
}

# makemessages in a copy of the sources: every string is in the catalogue, each one translated.
check_translations() {
    catalogue=frontend/locale/en/LC_MESSAGES
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    git ls-files -z --cached --others --exclude-standard -- '*.py' '*.html' '*.txt' '*.js' '*.po' |
        tar --ignore-failed-read --null -T - -cf - | tar -xf - -C "$copy"
    (cd "$copy" && "$PYTHON" manage.py makemessages --locale en --no-location --no-obsolete \
        --ignore 'tests/*' --ignore 'bench/*' --ignore 'requirements/*')
    (cd "$copy" && find "$catalogue" -name '*.po') | while read -r file; do
        # What is still to write in the catalogue, as msgcmp sees it: missing or not translated.
        grep -v '^"POT-Creation-Date' "$copy/$file" >"$copy/new.po"
        grep -v '^"POT-Creation-Date' "$file" >"$copy/committed.po"
        diff -u "$copy/committed.po" "$copy/new.po" || {
            echo "$file n'est plus à jour : ./reperes manage makemessages -l en --no-location --no-obsolete" \
                "--ignore 'tests/*' --ignore 'bench/*' --ignore 'requirements/*'"
            exit 1
        }
        msgfmt --check -o /dev/null "$file"
        for lack in --untranslated --only-fuzzy; do
            if [ -n "$(msgattrib "$lack" --no-obsolete "$file")" ]; then
                echo "$file : textes sans traduction sûre ($lack)"
                msgattrib "$lack" --no-obsolete "$file" | grep '^msgid'
                exit 1
            fi
        done
    done
}

check_shell_scripts() {
    for script in reperes config/local/*.sh; do sh -n "$script"; done
    bash -n .ci/run
}

run_checks() {
    unset REPERES_DEMO
    say "Vérifications"
    verify "Mise en forme (ruff)" "$PYTHON" -m ruff format --check .
    verify "Style (ruff)" "$PYTHON" -m ruff check .
    verify "Types (mypy)" "$PYTHON" -m mypy
    verify "Sens des imports" "$PYTHON" -c 'from importlinter.cli import lint_imports_command as run; run()'
    verify "Gabarits (djlint)" "$PYTHON" -m djlint frontend/templates --lint --check --quiet
    verify "Modules du navigateur" npm run --silent check
    verify "Scripts (sh)" check_shell_scripts
    verify "Migrations complètes" manage makemigrations --check --dry-run
    verify "Réglages de production" check_deployment
    verify "Description de l'API" check_api_description
    verify "Traductions" check_translations
    if [ -n "$FAILED_CHECKS" ]; then refuse "à corriger :$FAILED_CHECKS"; fi
    say "Tout est bon."
}
