"""Triggers that keep frozen sets as they are, whatever asks for a change: a service, the admin, SQL by hand.

A refusal carries the SQLSTATE 23001 (restrict_violation), which nothing else in this database raises. The members of
a set may be written, and a set deleted, only in a transaction that has named it in the setting `quiddity.open_set`:
that is how stimuli.immutability freezes and discards.
"""

from django.db import migrations

# Which sets a row belongs to: the table, the slugs of its sets, and which change of the row counts as one.
ANY_CHANGE = "OLD.* IS DISTINCT FROM NEW.*"
# A hash of an image's looks may be filled in where none was kept when the image was imported: it changes no image.
BUT_A_FIRST_HASH = (
    "to_jsonb(OLD) - 'perceptual_hash' IS DISTINCT FROM to_jsonb(NEW) - 'perceptual_hash' "
    "OR (OLD.perceptual_hash IS NOT NULL AND OLD.perceptual_hash IS DISTINCT FROM NEW.perceptual_hash)"
)
GUARDED = {
    "stimulus": ("JOIN stimuli_frozenset_stimuli m ON m.frozenset_id = s.id WHERE m.stimulus_id = OLD.id", ANY_CHANGE),
    "sourceimage": (
        "JOIN stimuli_frozenset_images m ON m.frozenset_id = s.id WHERE m.sourceimage_id = OLD.id",
        BUT_A_FIRST_HASH,
    ),
    "feature": ("JOIN stimuli_frozenset_features m ON m.frozenset_id = s.id WHERE m.feature_id = OLD.id", ANY_CHANGE),
    # Where its weights were last found may be noted; which network it is may not.
    "visionmodel": (
        "JOIN stimuli_frozenset_features m ON m.frozenset_id = s.id "
        "JOIN stimuli_feature f ON f.id = m.feature_id WHERE f.model_id = OLD.id",
        "(OLD.id, OLD.name, OLD.weights_sha256) IS DISTINCT FROM (NEW.id, NEW.name, NEW.weights_sha256)",
    ),
    "imagepool": (
        "JOIN stimuli_frozenset_images m ON m.frozenset_id = s.id "
        "JOIN stimuli_sourceimage i ON i.id = m.sourceimage_id WHERE i.pool_id = OLD.id",
        ANY_CHANGE,
    ),
}
WORDS = {
    "stimulus": "The stimulus",
    "sourceimage": "The natural image",
    "feature": "The feature",
    "visionmodel": "The network",
    "imagepool": "The image pool",
}
MEMBERS = ("images", "stimuli", "features")

REFUSE = """
CREATE FUNCTION stimuli_refuse(message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', message USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION stimuli_is_open(frozen_set bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('quiddity.open_set', true), '') = frozen_set::text
$$;
"""

SETS = """
CREATE FUNCTION stimuli_guard_frozenset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT stimuli_is_open(OLD.id) THEN
        PERFORM stimuli_refuse(format('The frozen set %L does not change.', OLD.slug));
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_frozen BEFORE UPDATE OR DELETE ON stimuli_frozenset
    FOR EACH ROW EXECUTE FUNCTION stimuli_guard_frozenset();

CREATE FUNCTION stimuli_guard_members() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint := CASE WHEN TG_OP = 'INSERT' THEN NEW.frozenset_id ELSE OLD.frozenset_id END;
BEGIN
    IF TG_OP = 'UPDATE' OR NOT stimuli_is_open(changed) THEN
        PERFORM stimuli_refuse(format(
            'What belongs to the frozen set %L does not change.',
            (SELECT slug FROM stimuli_frozenset WHERE id = changed)
        ));
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
"""

# The stimulus is locked first, because a set that is being frozen at this moment holds it and is not to be seen yet.
REJECTIONS = """
CREATE FUNCTION stimuli_guard_rejection() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    frozen_in text;
BEGIN
    PERFORM 1 FROM stimuli_stimulus WHERE id = NEW.stimulus_id FOR KEY SHARE;
    SELECT s.slug INTO frozen_in FROM stimuli_frozenset s
        JOIN stimuli_frozenset_stimuli m ON m.frozenset_id = s.id WHERE m.stimulus_id = NEW.stimulus_id LIMIT 1;
    IF FOUND THEN
        PERFORM stimuli_refuse(format(
            'The stimulus %s belongs to the frozen set %L and cannot be rejected any more.', NEW.stimulus_id, frozen_in
        ));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_frozen BEFORE INSERT OR UPDATE ON stimuli_rejection
    FOR EACH ROW EXECUTE FUNCTION stimuli_guard_rejection();
"""


def guard_members(field):
    return f"""
CREATE TRIGGER guard_frozen BEFORE INSERT OR UPDATE OR DELETE ON stimuli_frozenset_{field}
    FOR EACH ROW EXECUTE FUNCTION stimuli_guard_members();
"""


def guard_rows(table):
    membership, change = GUARDED[table]
    return f"""
CREATE FUNCTION stimuli_guard_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    frozen_in text;
BEGIN
    SELECT s.slug INTO frozen_in FROM stimuli_frozenset s {membership} LIMIT 1;
    IF FOUND THEN
        PERFORM stimuli_refuse(format(
            '{WORDS[table]} %s belongs to the frozen set %L, which does not change.', OLD.id, frozen_in
        ));
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_frozen_update BEFORE UPDATE ON stimuli_{table}
    FOR EACH ROW WHEN ({change}) EXECUTE FUNCTION stimuli_guard_{table}();
CREATE TRIGGER guard_frozen_delete BEFORE DELETE ON stimuli_{table}
    FOR EACH ROW EXECUTE FUNCTION stimuli_guard_{table}();
"""


FUNCTIONS = [*(f"stimuli_guard_{table}" for table in (*GUARDED, "frozenset", "members", "rejection"))]
# Dropping a function with CASCADE drops its triggers.
DROP = "".join(f"DROP FUNCTION {name}() CASCADE;\n" for name in FUNCTIONS) + (
    "DROP FUNCTION stimuli_refuse(text);\nDROP FUNCTION stimuli_is_open(bigint);\n"
)
CREATE = "".join([REFUSE, SETS, *map(guard_members, MEMBERS), REJECTIONS, *map(guard_rows, GUARDED)])


class Migration(migrations.Migration):
    dependencies = [("stimuli", "0005_sets")]

    operations = [migrations.RunSQL(CREATE, DROP)]
