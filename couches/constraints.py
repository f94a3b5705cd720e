"""What the database itself checks and indexes of a feature version, as expressions of the ORM."""

from typing import Any

from django.db.models import BigIntegerField, BooleanField, F, Func

# The versions at which a state is in force: `[from_version, to_version)`, without end while nothing follows.
ALIVE = Func(F("from_version"), F("to_version"), function="int4range")
NUMBER_SEQUENCE = "couches_feature_number"


class PointInRange(Func):
    """True when a Point EPSG:4326 is not empty and its degrees exist.

    NaN and infinity fall outside; an empty point must be named, since its NULL
    coordinates would pass any CHECK.
    """

    template = (
        "(NOT ST_IsEmpty(%(expressions)s)"
        " AND ST_X(%(expressions)s) BETWEEN -180 AND 180 AND ST_Y(%(expressions)s) BETWEEN -90 AND 90)"
    )
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        """Repeat the parameters as often as the template repeats the expression."""
        sql, params = super().as_sql(compiler, connection, *args, **context)
        return sql, tuple(params) * 3


class WholeSha256(Func):
    """True when a bytea holds 32 bytes."""

    template = "(octet_length(%(expressions)s) = 32)"
    output_field = BooleanField()


class NextNumber(Func):
    """The next feature number; the sequence is made by the first migration."""

    template = f"nextval('{NUMBER_SEQUENCE}')"
    arity = 0
    output_field = BigIntegerField()
