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

MAKE_MESSAGES="makemessages --locale en --no-location --no-obsolete --ignore tests/* --ignore bench/* --ignore fixtures/* --ignore node_modules/* --ignore .local/* --ignore frontend/tests/*"

# makemessages in a copy of the sources must add nothing, and every text must have its English:
# those of pages and letters (django), those of the scripts (djangojs).
check_translations() {
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    git ls-files -z --cached --others --exclude-standard -- '*.py' '*.html' '*.txt' '*.po' '*.js' |
        tar --ignore-failed-read --null -T - -cf - | tar -xf - -C "$copy"
    for domain in django djangojs; do check_catalogue "$domain"; done
}

check_catalogue() {
    catalogue=frontend/locale/en/LC_MESSAGES/$1.po
    make="$MAKE_MESSAGES --domain $1"
    [ -f "$catalogue" ] || { echo "$catalogue manque : ./reperes manage $make"; return 1; }
    # set -f: the patterns are for makemessages, not for the shell.
    (set -f; cd "$copy"; REPERES_PROCESS=manage "$PYTHON" manage.py $make)
    grep -v '^"POT-Creation-Date' "$copy/$catalogue" >"$copy/made.po"
    grep -v '^"POT-Creation-Date' "$catalogue" >"$copy/committed.po"
    diff -u "$copy/committed.po" "$copy/made.po" || {
        echo "$catalogue n'est plus à jour : ./reperes manage $make"
        return 1
    }
    msgfmt --check -o /dev/null "$catalogue"
    for lack in --untranslated --only-fuzzy; do
        if [ -n "$(msgattrib "$lack" --no-obsolete "$catalogue")" ]; then
            echo "$catalogue : textes sans traduction sûre ($lack)"
            msgattrib "$lack" --no-obsolete "$catalogue" | grep '^msgid'
            return 1
        fi
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
    verify "Gabarits (djlint)" "$PYTHON" -m djlint frontend/templates --lint --quiet
    verify "Modules du navigateur" npm run --silent check
    verify "Scripts (sh)" check_shell_scripts
    verify "Migrations complètes" manage makemigrations --check --dry-run
    verify "Réglages de production" check_deployment
    verify "Description de l'API" check_api_description
    verify "Traductions" check_translations
    if [ -n "$FAILED_CHECKS" ]; then refuse "à corriger :$FAILED_CHECKS"; fi
    say "Tout est bon."
}
