"""`manage.py session_limits`: give the role the limits that a pooler does not let the site ask for."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from config.databases import limits_of


class Command(BaseCommand):
    help = "Écrit dans le rôle les bornes des sessions du site ; à blanc par défaut."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="le rôle par lequel le pooler se connecte, par exemple reperes_site")
        parser.add_argument("--wet-run", action="store_true", help="écrit ; sans elle, montre seulement")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the statements, and execute them when asked."""
        database = sql.Identifier(str(connection.settings_dict["NAME"]))
        with connection.cursor() as cursor:
            for name, value in limits_of("web").items():
                statement = sql.SQL("ALTER ROLE {role} IN DATABASE {database} SET {name} = {value}").format(
                    role=sql.Identifier(options["role"]),
                    database=database,
                    name=sql.Identifier(name),
                    value=sql.Literal(value),
                )
                self.stdout.write(statement.as_string(cursor.connection) + ";")
                if options["wet_run"]:
                    cursor.execute(statement)
        if not options["wet_run"]:
            self.stdout.write(_("À blanc : rien n'est écrit."))
