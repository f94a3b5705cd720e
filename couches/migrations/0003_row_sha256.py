"""The hash of a feature version, defined once, in the database: see docs/couches.md."""

from django.db import migrations

CREATE = """
CREATE FUNCTION couches_row_sha256(
    feature_id uuid, geom geometry, attributes jsonb, commune_id text, observations integer,
    distinct_observers integer, last_observed_on date, accuracy_m double precision,
    near_border boolean, self_accepted boolean, origin text
) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(jsonb_build_array(
        feature_id,
        round(ST_X(geom)::numeric, 7)::text,
        round(ST_Y(geom)::numeric, 7)::text,
        attributes, commune_id, observations, distinct_observers, last_observed_on,
        round(accuracy_m::numeric, 1)::text,
        near_border, self_accepted, origin
    )::text, 'UTF8'))
$$
"""
DROP = "DROP FUNCTION couches_row_sha256"


class Migration(migrations.Migration):
    dependencies = [("couches", "0002_seed_couches")]

    operations = [migrations.RunSQL(CREATE, DROP)]
