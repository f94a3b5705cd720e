"""An author may correct what was just sent: a new action, and the trigger that repeats the table.

The body is a frozen copy of `moderation.diagram.trigger_body()`; a test compares the two, and a
new table asks for a new migration.
"""

from django.db import migrations, models

PAIRS = [
    "('ACCEPTED', 'PUBLISHED')",
    "('ACCEPTED', 'SUBMITTED')",
    "('RETURNED', 'SUBMITTED')",
    "('RETURNED', 'WITHDRAWN')",
    "('SUBMITTED', 'ACCEPTED')",
    "('SUBMITTED', 'MERGED')",
    "('SUBMITTED', 'REJECTED')",
    "('SUBMITTED', 'RETURNED')",
    "('SUBMITTED', 'SUBMITTED')",
    "('SUBMITTED', 'WITHDRAWN')",
]
REPLACE = """
CREATE OR REPLACE FUNCTION moderation_status_follows_table() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        {pairs}
    ) THEN
        RAISE EXCEPTION 'contribution %: % may not become %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_legal_transition';
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'contribution %: the version must grow by one', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_version_grows';
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM moderation_decision
        WHERE contribution_id = NEW.id AND version = NEW.version
          AND from_status = OLD.status AND to_status = NEW.status
    ) THEN
        RAISE EXCEPTION 'contribution %: no decision explains %', OLD.id, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_decision_first';
    END IF;
    RETURN NEW;
END;
$body$;
"""


def _function(pairs: list[str]) -> str:
    return REPLACE.format(pairs=",\n        ".join(pairs))


class Migration(migrations.Migration):
    """Adds the action, then lets a version grow while the state stays SUBMITTED."""

    dependencies = [("moderation", "0002_legal_transitions")]

    operations = [
        migrations.AlterField(
            model_name="decision",
            name="action",
            field=models.CharField(
                choices=[
                    ("accept", "accepter"),
                    ("reject", "refuser"),
                    ("return", "demander une précision"),
                    ("merge", "fusionner"),
                    ("reopen", "rouvrir"),
                    ("withdraw", "retirer"),
                    ("answer", "répondre"),
                    ("correct", "corriger"),
                    ("publish", "publier"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunSQL(
            _function(PAIRS), _function([pair for pair in PAIRS if pair != "('SUBMITTED', 'SUBMITTED')"])
        ),
    ]
