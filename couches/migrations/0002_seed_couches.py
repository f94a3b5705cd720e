"""The couches of the catalogue, as the installed release describes them.

A new instance starts from today's files; an instance already there is moved by
`manage.py load_couche`, never by this migration: a couche present is left alone.
"""

import json
from pathlib import Path

from django.db import migrations

CATALOGUE = Path(__file__).resolve().parent.parent / "catalogue"


def seed(apps, schema_editor):
    couches = apps.get_model("couches", "Couche").objects
    for path in sorted(CATALOGUE.glob("*.json")):
        definition = json.loads(path.read_text(encoding="utf-8"))
        couches.get_or_create(slug=definition.pop("slug"), defaults=definition)


class Migration(migrations.Migration):
    dependencies = [("couches", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
