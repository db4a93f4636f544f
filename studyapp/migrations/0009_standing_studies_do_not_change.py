"""Triggers that keep a study as it was made: its protocol and its images, whatever asks for a change.

- Rows come only in a transaction that has named the study in the setting `quiddity.open_study`, as study_create does.
- No row changes, at no time.
- A row goes only together with what it belongs to, so in the end with its study, which has no participants then: their
  rows refer to it. This is asked when the transaction ends, because Django deletes a study's rows before the study.
"""

from django.db import migrations

# Of each table: what its rows belong to, by which column, and the study of a new row.
STUDY_OF_FEATURE = "(SELECT study_id FROM studyapp_studyfeature WHERE id = NEW.study_feature_id)"
STUDY_OF_REFERENCE = (
    "(SELECT f.study_id FROM studyapp_reference r JOIN studyapp_studyfeature f ON f.id = r.study_feature_id "
    "WHERE r.id = NEW.reference_id)"
)
GUARDED = {
    "studyfeature": ("study", "study_id", "NEW.study_id"),
    "reference": ("studyfeature", "study_feature_id", STUDY_OF_FEATURE),
    "querypair": ("studyfeature", "study_feature_id", STUDY_OF_FEATURE),
    "continuationpair": ("studyfeature", "study_feature_id", STUDY_OF_FEATURE),
    "reference_explanations": ("reference", "reference_id", STUDY_OF_REFERENCE),
}
# Columns that other rows or people may add to a study are not its own.
OWN = ("id", "slug", "title", "protocol", "protocol_sha256", "seed", "frozen_set_id", "created_at")

CHANGES = (
    """
CREATE FUNCTION studyapp_guard_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stimuli_refuse(format('A study does not change once it stands: row %s of %s.', OLD.id, TG_TABLE_NAME));
    RETURN NULL;
END $$;
"""
    + f"""
CREATE TRIGGER guard_standing_change BEFORE UPDATE ON studyapp_study FOR EACH ROW
    WHEN (({", ".join(f"OLD.{name}" for name in OWN)}) IS DISTINCT FROM ({", ".join(f"NEW.{name}" for name in OWN)}))
    EXECUTE FUNCTION studyapp_guard_change();
"""
)


def guard_rows(table):
    whole, column, study = GUARDED[table]
    return f"""
CREATE TRIGGER guard_standing_change BEFORE UPDATE ON studyapp_{table} FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION studyapp_guard_change();

CREATE FUNCTION studyapp_guard_new_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {study}::text IS DISTINCT FROM coalesce(current_setting('quiddity.open_study', true), '') THEN
        PERFORM stimuli_refuse('A study does not change once it stands: nothing is added to studyapp_{table}.');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_standing_new BEFORE INSERT ON studyapp_{table}
    FOR EACH ROW EXECUTE FUNCTION studyapp_guard_new_{table}();

CREATE FUNCTION studyapp_guard_lost_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM studyapp_{whole} WHERE id = OLD.{column}) THEN
        PERFORM stimuli_refuse(format(
            'A study does not change once it stands: row %s of studyapp_{table} cannot go without it.', OLD.id
        ));
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER guard_standing_lost AFTER DELETE ON studyapp_{table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION studyapp_guard_lost_{table}();
"""


TRUNCATE = "".join(
    f"""
CREATE TRIGGER guard_frozen_truncate BEFORE TRUNCATE ON studyapp_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION stimuli_guard_truncate();
"""
    for table in ("study", *GUARDED)
)
CREATE = CHANGES + "".join(map(guard_rows, GUARDED)) + TRUNCATE
# Dropping a function with CASCADE drops its triggers.
DROP = "DROP FUNCTION studyapp_guard_change() CASCADE;\n" + "".join(
    f"DROP FUNCTION studyapp_guard_new_{table}() CASCADE;\nDROP FUNCTION studyapp_guard_lost_{table}() CASCADE;\n"
    f"DROP TRIGGER guard_frozen_truncate ON studyapp_{table};\n"
    for table in GUARDED
)
DROP += "DROP TRIGGER guard_frozen_truncate ON studyapp_study;\n"


class Migration(migrations.Migration):
    dependencies = [
        ("stimuli", "0008_guard_all_that_sets_rest_on"),
        ("studyapp", "0008_instructions_between_attempts"),
    ]

    operations = [migrations.RunSQL(CREATE, DROP)]
