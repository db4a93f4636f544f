"""A trigger that lets no event change, whatever asks for it; only those of who withdrew can go, with all their data."""

from django.db import migrations

GUARD = """
CREATE FUNCTION studyapp_guard_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT 1 FROM studyapp_participant p WHERE p.id = OLD.participant_id AND p.ended_as = 'withdrawn'
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'An event is written once and does not change.' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER studyapp_guard_event BEFORE UPDATE OR DELETE ON studyapp_event
FOR EACH ROW EXECUTE FUNCTION studyapp_guard_event();
"""

UNGUARD = """
DROP TRIGGER studyapp_guard_event ON studyapp_event;
DROP FUNCTION studyapp_guard_event();
"""


class Migration(migrations.Migration):
    dependencies = [("studyapp", "0004_whole_session")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
