"""What the database itself refuses: emptying the log of events, and data of who has withdrawn."""

from django.db import migrations, models

KEEP_LOG = """
CREATE TRIGGER studyapp_keep_events BEFORE TRUNCATE ON studyapp_event
FOR EACH STATEMENT EXECUTE FUNCTION studyapp_guard_event();
"""

# A page that was sent at the moment of the withdrawal must leave nothing behind, whatever it stores. The row of the
# participant is locked: whoever withdraws waits for this transaction, or this one for the withdrawal and then sees it.
GUARD_WITHDRAWN = """
CREATE FUNCTION studyapp_guard_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ending text;
BEGIN
    SELECT ended_as INTO ending FROM studyapp_participant WHERE id = NEW.participant_id FOR KEY SHARE;
    IF ending = 'withdrawn' THEN
        RAISE EXCEPTION 'This participant has withdrawn: nothing is stored any more.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

GUARDED = ("recruiteridentity", "questionnaireanswers", "quizattempt", "trial")

TRIGGERS = "\n".join(
    f"CREATE TRIGGER studyapp_guard_withdrawn BEFORE INSERT OR UPDATE ON studyapp_{table} "
    "FOR EACH ROW EXECUTE FUNCTION studyapp_guard_withdrawn();"
    for table in GUARDED
)

UNGUARD = "\n".join(f"DROP TRIGGER studyapp_guard_withdrawn ON studyapp_{table};" for table in GUARDED)


class Migration(migrations.Migration):
    dependencies = [("studyapp", "0006_a_trial_knows_its_batch")]

    operations = [
        migrations.CreateModel(
            name="AttemptCount",
            fields=[
                (
                    "key",
                    models.CharField(
                        help_text="Of what, by whom and in which span.",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("count", models.PositiveIntegerField()),
                (
                    "expires_at",
                    models.DateTimeField(db_index=True, help_text="When the span is over and the row can go."),
                ),
            ],
        ),
        migrations.RunSQL(KEEP_LOG, "DROP TRIGGER studyapp_keep_events ON studyapp_event;"),
        migrations.RunSQL(GUARD_WITHDRAWN + TRIGGERS, UNGUARD + "\nDROP FUNCTION studyapp_guard_withdrawn();"),
    ]
