"""The log lets go of a participant's events only in the transaction of a withdrawal that deletes the answers.

Until now those of who had withdrawn could be deleted for ever, also where the answers were kept, and with them that the
person withdrew.
"""

from django.db import migrations

GUARD = """
CREATE OR REPLACE FUNCTION studyapp_guard_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.name <> 'withdrawn'
        AND OLD.participant_id::text = current_setting('quiddity.forget_participant', true)
        AND EXISTS (SELECT 1 FROM studyapp_participant p WHERE p.id = OLD.participant_id AND p.ended_as = 'withdrawn')
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'An event is written once and does not change.' USING ERRCODE = 'restrict_violation';
END $$;
"""

BEFORE = """
CREATE OR REPLACE FUNCTION studyapp_guard_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT 1 FROM studyapp_participant p WHERE p.id = OLD.participant_id AND p.ended_as = 'withdrawn'
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'An event is written once and does not change.' USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("studyapp", "0011_withdrawn_rows_are_bare")]

    operations = [migrations.RunSQL(GUARD, BEFORE)]
