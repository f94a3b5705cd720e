"""The database repeats the workflow table: an illegal change of status is refused whatever the door.

The body is a frozen copy of `moderation.diagram.trigger_body()`; a test compares the two, and a
new table asks for a new migration.
"""

from django.db import migrations

INSTALL = """
CREATE FUNCTION moderation_status_follows_table() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('ACCEPTED', 'PUBLISHED'),
        ('ACCEPTED', 'SUBMITTED'),
        ('RETURNED', 'SUBMITTED'),
        ('RETURNED', 'WITHDRAWN'),
        ('SUBMITTED', 'ACCEPTED'),
        ('SUBMITTED', 'MERGED'),
        ('SUBMITTED', 'REJECTED'),
        ('SUBMITTED', 'RETURNED'),
        ('SUBMITTED', 'WITHDRAWN')
    ) THEN
        RAISE EXCEPTION 'contribution %: % may not become %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_legal_transition';
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'contribution %: the version must grow by one', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_version_grows';
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM moderation_decision
        WHERE contribution_id = NEW.id AND version = NEW.version
          AND from_status = OLD.status AND to_status = NEW.status
    ) THEN
        RAISE EXCEPTION 'contribution %: no decision explains %', OLD.id, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contribution_decision_first';
    END IF;
    RETURN NEW;
END;
$body$;
CREATE TRIGGER moderation_status_follows_table
BEFORE UPDATE OF status, version ON contributions_contribution
FOR EACH ROW
WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.version IS DISTINCT FROM NEW.version)
EXECUTE FUNCTION moderation_status_follows_table();
"""
REMOVE = """
DROP TRIGGER moderation_status_follows_table ON contributions_contribution;
DROP FUNCTION moderation_status_follows_table();
"""


class Migration(migrations.Migration):
    """Installs the trigger on the table of contributions, whose writer we are."""

    dependencies = [("moderation", "0001_initial")]

    operations = [migrations.RunSQL(INSTALL, REMOVE)]
