"""The table of the shared cache, so that `migrate` alone prepares an instance."""

from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.core.management import call_command
from django.db import migrations


def create(apps: Apps, schema_editor: Any) -> None:
    """Make the table of each cache kept in the database; does nothing for another kind of cache."""
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


def drop(apps: Apps, schema_editor: Any) -> None:
    """Drop it: it holds nothing but counters."""
    for cache in settings.CACHES.values():
        if cache["BACKEND"].endswith("DatabaseCache"):
            schema_editor.execute(f"DROP TABLE IF EXISTS {schema_editor.quote_name(cache['LOCATION'])}")


class Migration(migrations.Migration):
    """Runs once; `createcachetable` leaves an existing table alone."""

    dependencies = [("comptes", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
