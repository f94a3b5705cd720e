"""Whose turn it is: the desk asked, the level, a date to wait for, an appeal."""

import django.db.models.deletion
import django.db.models.functions.comparison
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contributions", "0003_limits_and_workshops"),
        ("couches", "0003_row_sha256"),
        ("territoires", "0002_lieux_dits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="contribution",
            name="contribution_identity_fixed",
        ),
        migrations.AddField(
            model_name="contribution",
            name="appealed_at",
            field=models.DateTimeField(null=True, verbose_name="recours le"),
        ),
        migrations.AddField(
            model_name="contribution",
            name="handed_to",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="territoires.commune",
                verbose_name="transmis à",
            ),
        ),
        migrations.AddField(
            model_name="contribution",
            name="held_until",
            field=models.DateField(null=True, verbose_name="mis en attente jusqu'au"),
        ),
        migrations.AddField(
            model_name="contribution",
            name="level",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "la commune"),
                    ("epci", "l'intercommunalité"),
                    ("departement", "le département"),
                ],
                db_default="",
                default="",
                max_length=11,
                verbose_name="niveau attendu",
            ),
        ),
        migrations.AddField(
            model_name="contribution",
            name="desk",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce("handed_to", "commune"),
                output_field=models.CharField(max_length=5),
            ),
        ),
        migrations.AddIndex(
            model_name="contribution",
            index=models.Index(fields=["desk", "status", "received_at", "id"], name="contribution_desk"),
        ),
        migrations.AddIndex(
            model_name="contribution",
            index=models.Index(
                condition=models.Q(("handed_to__isnull", False)),
                fields=["handed_to"],
                name="contribution_handed_to",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contribution",
            trigger=pgtrigger.compiler.Trigger(
                name="contribution_identity_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."couche_id" IS DISTINCT FROM (NEW."couche_id") OR OLD."operation" IS DISTINCT FROM (NEW."operation") OR OLD."feature_id" IS DISTINCT FROM (NEW."feature_id") OR OLD."received_at" IS DISTINCT FROM (NEW."received_at") OR OLD."entered_by_id" IS DISTINCT FROM (NEW."entered_by_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="112ec0dc660c12b74108d4128790b6c4e4c04e50",
                    operation="UPDATE",
                    pgid="pgtrigger_contribution_identity_fixed_0c2b4",
                    table="contributions_contribution",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contribution",
            trigger=pgtrigger.compiler.Trigger(
                name="contribution_commune_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.commune_id IS DISTINCT FROM NEW.commune_id)",
                    func="\n                IF coalesce(OLD.handed_to_id, OLD.commune_id) <> coalesce(NEW.handed_to_id, NEW.commune_id) THEN\n                    RAISE EXCEPTION 'contribution %: the commune does not change', OLD.id\n                        USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_commune_fixed';\n                END IF;\n                RETURN NEW;\n                ",
                    hash="4f5eb32d750c80515fa6ee34f659429b282782ab",
                    operation="UPDATE",
                    pgid="pgtrigger_contribution_commune_fixed_7ca2c",
                    table="contributions_contribution",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="contribution",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__in", ["", "epci", "departement"])),
                name="contribution_level_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="contribution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("appealed_at__isnull", True), ("level__in", ["epci", "departement"]), _connector="OR"
                ),
                name="contribution_appeal_above",
            ),
        ),
        migrations.AddConstraint(
            model_name="contribution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("handed_to__isnull", True),
                    models.Q(("handed_to", models.F("commune")), _negated=True),
                    _connector="OR",
                ),
                name="contribution_handed_elsewhere",
            ),
        ),
    ]
