"""What the register needs: reasons taken out of it, and who receives it by e-mail."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("couches", "0003_row_sha256"),
        ("moderation", "0004_desk"),
        ("territoires", "0002_lieux_dits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="adresse électronique")),
                ("email_sha256", models.CharField(max_length=64, verbose_name="empreinte de l'adresse")),
                (
                    "frequency",
                    models.CharField(
                        choices=[("weekly", "chaque lundi"), ("daily", "chaque matin")],
                        max_length=6,
                        verbose_name="rythme",
                    ),
                ),
                (
                    "token_sha256",
                    models.CharField(max_length=64, unique=True, verbose_name="empreinte du lien"),
                ),
                ("created_at", models.DateTimeField(verbose_name="demandé le")),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="confirmé le")),
                ("told_until", models.DateTimeField(null=True, verbose_name="informé jusqu'au")),
                (
                    "commune",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territoires.commune",
                        verbose_name="commune",
                    ),
                ),
                (
                    "couche",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="couches.couche",
                        verbose_name="couche",
                    ),
                ),
            ],
            options={
                "verbose_name": "abonnement",
            },
        ),
        migrations.CreateModel(
            name="Redaction",
            fields=[
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="redaction",
                        serialize=False,
                        to="moderation.decision",
                        verbose_name="décision",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="le")),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("personal", "il contenait une donnée personnelle"),
                            ("wrong", "il parlait d'un autre signalement"),
                            ("improper", "ses termes ne convenaient pas"),
                        ],
                        max_length=10,
                        verbose_name="raison",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="par",
                    ),
                ),
            ],
            options={
                "verbose_name": "motif retiré",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("why__in", ["personal", "wrong", "improper"])),
                        name="redaction_why_known",
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="redaction",
            trigger=pgtrigger.compiler.Trigger(
                name="redaction_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="f9aa423ed3333396fc5b97c0441e69a8d3ecc762",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_redaction_append_only_6cc3b",
                    table="moderation_redaction",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("confirmed_at__isnull", True)),
                fields=["created_at"],
                name="subscription_unconfirmed",
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("confirmed_at__isnull", False)),
                fields=["frequency", "commune"],
                name="subscription_to_tell",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                condition=models.Q(("confirmed_at__isnull", False)),
                fields=("email_sha256", "commune", "couche"),
                name="subscription_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at__isnull", True), ("told_until__isnull", True)),
                    models.Q(("confirmed_at__gte", models.F("created_at")), ("told_until__isnull", False)),
                    _connector="OR",
                ),
                name="subscription_confirmed_then_told",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", ""), _negated=True), name="subscription_has_address"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("frequency__in", ["weekly", "daily"])),
                name="subscription_frequency_known",
            ),
        ),
    ]
