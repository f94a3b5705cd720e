# What the person reads: one line per step, and a refusal that names its remedy.

QUIET=no

say() {
    [ "$QUIET" = yes ] || printf '%s\n' "$*"
}

# A label and its dots: continuation bytes of UTF-8 are no columns.
label() {
    [ "$QUIET" = no ] || return 0
    label_columns=$(printf '%s' "$1" | LC_ALL=C tr -d '\200-\277' | wc -c)
    printf '  %s %s ' "$1" "$(printf '%*s' "$((34 - label_columns))" '' | tr ' ' .)"
}

# A refusal always ends the command; $1 says what is wrong and what to do.
refuse() {
    printf '\nRepères : %s\n' "$*" >&2
    exit 1
}

# Runs a function whose progress nobody needs to see (./reperes manage).
quietly() {
    QUIET=yes
    "$@"
    QUIET=no
}

# step LABEL COMMAND… : one line of progress; the output is kept for the day it fails.
step() {
    step_label=$1
    shift
    label "$step_label"
    step_start=$(date +%s)
    # A subshell outside any condition: there, and only there, `set -e` stops at the first error.
    set +e
    (set -e; "$@") >"$LOGS/step.log" 2>&1
    step_status=$?
    set -e
    if [ "$step_status" -eq 0 ]; then
        [ "$QUIET" = yes ] || printf 'fait (%s s)\n' "$(($(date +%s) - step_start))"
    else
        cp "$LOGS/step.log" "$LOGS/failed-step.log"
        printf 'échec\n\n' >&2
        tail -n 25 "$LOGS/failed-step.log" >&2
        refuse "l'étape « $step_label » n'a pas abouti. Tout le détail : $LOGS/failed-step.log"
    fi
}

already() {
    label "$1"
    say "déjà prêt"
}

# Fingerprint of files' contents (not of their dates, which a clone changes).
fingerprint() {
    cat -- "$@" 2>/dev/null | cksum | tr ' ' '-'
}
