"""Keeps a PostGIS table in step with a couche of Repères; depends on psycopg alone."""
