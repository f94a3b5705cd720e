"""Where a report was when it was decided, the click it came from, what was completed; five actions more.

The body of the trigger is a frozen copy of `moderation.diagram.trigger_body()`; a test compares them.
"""

from importlib import import_module

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

_PREVIOUS = import_module("moderation.migrations.0003_correct_action")
PAIRS = sorted([*_PREVIOUS.PAIRS, "('MERGED', 'SUBMITTED')", "('REJECTED', 'SUBMITTED')"])
# The journal is append-only by trigger: the one moment when a past line gets a new column.
FILL = """
ALTER TABLE moderation_decision DISABLE TRIGGER USER;
UPDATE moderation_decision AS decision SET commune_id = contribution.commune_id
FROM contributions_contribution AS contribution WHERE contribution.id = decision.contribution_id;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE moderation_decision ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contributions", "0004_desk"),
        ("moderation", "0003_correct_action"),
        ("territoires", "0002_lieux_dits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="decision",
            name="decision_within_territory",
        ),
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_reason_given",
        ),
        migrations.AddField(
            model_name="decision",
            name="changes",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()), default=dict, verbose_name="ce qui a changé"
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="commune",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="territoires.commune",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="decision",
            name="commune",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="territoires.commune",
            ),
        ),
        migrations.RunSQL(_PREVIOUS._function(PAIRS), _PREVIOUS._function(_PREVIOUS.PAIRS)),
        migrations.AddField(
            model_name="decision",
            name="gesture",
            field=models.UUIDField(null=True, verbose_name="geste"),
        ),
        migrations.AlterField(
            model_name="decision",
            name="action",
            field=models.CharField(
                choices=[
                    ("accept", "accepter"),
                    ("complete", "compléter et accepter"),
                    ("reject", "refuser"),
                    ("return", "demander une précision"),
                    ("merge", "fusionner"),
                    ("reopen", "rouvrir"),
                    ("hold", "mettre en attente"),
                    ("transfer", "transmettre"),
                    ("undo", "annuler"),
                    ("appeal", "faire appel"),
                    ("withdraw", "retirer"),
                    ("answer", "répondre"),
                    ("correct", "corriger"),
                    ("publish", "publier"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["commune", "-at", "-id"], name="decision_register"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                condition=models.Q(("gesture__isnull", False)), fields=["gesture"], name="decision_gesture"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="decision_within_territory",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF NEW.actor = 'official' AND NOT EXISTS (\n                    SELECT 1\n                    FROM contributions_contribution AS contribution\n                    -- The desk asked; whoever passed it on by mistake may still take that back.\n                    JOIN territoires_commune AS commune ON commune.code_insee = contribution.desk\n                      OR (NEW.action = 'undo' AND commune.code_insee = contribution.commune_id)\n                    JOIN territoires_departement AS departement ON departement.code = commune.departement_id\n                    JOIN comptes_membership AS membership ON membership.user_id = NEW.by_id\n                    JOIN comptes_user AS person ON person.id = membership.user_id AND person.is_active\n                    WHERE contribution.id = NEW.contribution_id\n                      -- An appeal is decided above the commune.\n                      AND (contribution.appealed_at IS NULL OR membership.commune_id IS NULL)\n                      AND membership.role = 'moderator'\n                      AND membership.starts <= NEW.at\n                      AND (membership.ends IS NULL OR membership.ends > NEW.at)\n                      AND (membership.commune_id = commune.code_insee\n                           OR membership.epci_id = commune.epci_id\n                           OR membership.departement_id = commune.departement_id\n                           OR membership.region_id = departement.region_id\n                           OR membership.national)\n                ) THEN\n                    RAISE EXCEPTION 'no live mandate covers contribution %', NEW.contribution_id\n                        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'decision_within_territory';\n                END IF;\n                RETURN NEW;\n                ",
                    hash="80434bb2716185e1020fc2ee62a29659452f6c40",
                    operation="INSERT",
                    pgid="pgtrigger_decision_within_territory_57f55",
                    table="moderation_decision",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("action__in", ["reject", "return", "reopen", "hold", "transfer"]), _negated=True
                    ),
                    models.Q(("public_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="decision_reason_given",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("gesture__isnull", False)),
                fields=("gesture", "contribution"),
                name="decision_once_per_gesture",
            ),
        ),
    ]
