"""Deciding by mail: rhythms of the digest, links, reminders, what is passed on."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import moderation.models.mail


class Migration(migrations.Migration):
    """Four new tables; nothing that exists changes."""

    dependencies = [
        ("comptes", "0002_cache_table"),
        ("contributions", "0003_limits_and_workshops"),
        ("moderation", "0005_register"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DecisionLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(verbose_name="version du signalement")),
                (
                    "token_sha256",
                    models.CharField(max_length=64, unique=True, verbose_name="empreinte du lien"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="créé le"),
                ),
                (
                    "expires_at",
                    models.DateTimeField(
                        default=moderation.models.mail.link_expiry, verbose_name="valable jusqu'au"
                    ),
                ),
                ("used_at", models.DateTimeField(null=True, verbose_name="utilisé le")),
                (
                    "contribution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decision_links",
                        to="contributions.contribution",
                    ),
                ),
                (
                    "decision",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="link",
                        to="moderation.decision",
                        verbose_name="décision prise",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decision_links",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "lien de décision",
                "indexes": [models.Index(fields=["expires_at"], name="decision_link_expiry")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decision", None), ("used_at", None)),
                            models.Q(("decision__isnull", False), ("used_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="decision_link_used_or_not",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("used_at", None), ("used_at__lt", models.F("expires_at")), _connector="OR"
                        ),
                        name="decision_link_used_in_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DigestPreference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "rhythm",
                    models.CharField(
                        choices=[("daily", "Chaque jour"), ("weekly", "Chaque lundi"), ("never", "Jamais")],
                        max_length=6,
                        verbose_name="rythme",
                    ),
                ),
                (
                    "membership",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="digest_preference",
                        to="comptes.membership",
                    ),
                ),
            ],
            options={
                "verbose_name": "préférence de récapitulatif",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("rhythm__in", ["daily", "weekly", "never"])),
                        name="digest_rhythm_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("epci", "à l'intercommunalité"),
                            ("departement", "au département"),
                            ("region", "à la région"),
                            ("france", "à l'équipe nationale"),
                        ],
                        max_length=12,
                        verbose_name="niveau",
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="le")),
                (
                    "contribution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="escalations",
                        to="contributions.contribution",
                    ),
                ),
            ],
            options={
                "verbose_name": "transmission",
                "ordering": ["at", "id"],
                "indexes": [models.Index(fields=["at"], name="escalation_at")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("contribution", "level"), name="escalation_once_per_level"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("level__in", ["epci", "departement", "region", "france"])),
                        name="escalation_level_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stage", models.PositiveSmallIntegerField(verbose_name="jours sans réponse")),
                ("since", models.DateTimeField(verbose_name="en attente depuis")),
                ("on", models.DateField(verbose_name="rappelé le")),
                (
                    "contribution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminders",
                        to="contributions.contribution",
                    ),
                ),
            ],
            options={
                "verbose_name": "rappel",
                "indexes": [models.Index(fields=["on"], name="reminder_on")],
                "constraints": [
                    models.UniqueConstraint(fields=("contribution", "stage", "since"), name="reminder_once"),
                    models.CheckConstraint(
                        condition=models.Q(("stage__in", [7, 21])), name="reminder_stage_known"
                    ),
                ],
            },
        ),
    ]
