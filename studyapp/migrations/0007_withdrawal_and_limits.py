"""What the database itself refuses: emptying the log of events, and data of who has withdrawn."""

from django.db import migrations, models

# As the tables of frozen sets, it is emptied only by who names the setting `quiddity.open_set`.
KEEP_LOG = """
CREATE FUNCTION studyapp_keep_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('quiddity.open_set', true), '') <> 'every' THEN
        RAISE EXCEPTION 'An event is written once and does not change.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER studyapp_keep_events BEFORE TRUNCATE ON studyapp_event
FOR EACH STATEMENT EXECUTE FUNCTION studyapp_keep_events();
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
        migrations.RunSQL(KEEP_LOG, "DROP FUNCTION studyapp_keep_events() CASCADE;"),
        migrations.RunSQL(GUARD_WITHDRAWN + TRIGGERS, UNGUARD + "\nDROP FUNCTION studyapp_guard_withdrawn();"),
    ]
