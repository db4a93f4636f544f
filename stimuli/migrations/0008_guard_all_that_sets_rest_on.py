"""What the triggers of 0006 left open: whole tables emptied, renditions, the figures of networks, images of pools.

TRUNCATE fires no trigger on rows, so each guarded table has one on the statement. It refuses while anything is frozen,
unless the transaction has set `quiddity.open_set` to `every`: the tests do so when they empty their database, nothing
in the program does. `every` opens no row and no set.
"""

from django.db import migrations

TRUNCATED = (
    "frozenset",
    "frozenset_images",
    "frozenset_stimuli",
    "frozenset_features",
    "stimulus",
    "sourceimage",
    "feature",
    "visionmodel",
    "imagepool",
    "rendition",
)

TRUNCATE = """
CREATE FUNCTION stimuli_guard_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    frozen_in text;
BEGIN
    SELECT slug INTO frozen_in FROM stimuli_frozenset ORDER BY id LIMIT 1;
    IF FOUND AND coalesce(current_setting('quiddity.open_set', true), '') <> 'every' THEN
        PERFORM stimuli_refuse(format(
            'The table %s cannot be emptied, because of the frozen set %L.', TG_TABLE_NAME, frozen_in
        ));
    END IF;
    RETURN NULL;
END $$;
""" + "".join(
    f"""
CREATE TRIGGER guard_frozen_truncate BEFORE TRUNCATE ON stimuli_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION stimuli_guard_truncate();
"""
    for table in TRUNCATED
)


def network_guard(change):
    return f"""
DROP TRIGGER guard_frozen_update ON stimuli_visionmodel;
CREATE TRIGGER guard_frozen_update BEFORE UPDATE ON stimuli_visionmodel
    FOR EACH ROW WHEN ({change}) EXECUTE FUNCTION stimuli_guard_visionmodel();
"""


# Where its weights were last found may be noted; what it is and how it is fed may not.
NETWORK = network_guard(
    "to_jsonb(OLD) - 'weights_source' - 'weights_given' "
    "IS DISTINCT FROM to_jsonb(NEW) - 'weights_source' - 'weights_given'"
)
NETWORK_BEFORE = network_guard(
    "(OLD.id, OLD.name, OLD.weights_sha256) IS DISTINCT FROM (NEW.id, NEW.name, NEW.weights_sha256)"
)

# A set is of one pool, so one of its images says which: asked for every row of large pools, it must not take long.
# The pool is locked first, because a set that is being frozen at this moment holds it and is not to be seen yet.
POOL = """
CREATE FUNCTION stimuli_refuse_frozen_pool(pool bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    frozen_in text;
BEGIN
    PERFORM 1 FROM stimuli_imagepool WHERE id = pool FOR KEY SHARE;
    SELECT s.slug INTO frozen_in FROM stimuli_frozenset s CROSS JOIN LATERAL (
        SELECT i.pool_id FROM stimuli_frozenset_images m JOIN stimuli_sourceimage i ON i.id = m.sourceimage_id
        WHERE m.frozenset_id = s.id LIMIT 1
    ) one WHERE one.pool_id = pool LIMIT 1;
    IF FOUND THEN
        PERFORM stimuli_refuse(format(
            'The image pool %s is that of the frozen set %L: its images do not change, and it takes no others.',
            pool, frozen_in
        ));
    END IF;
END $$;

CREATE FUNCTION stimuli_guard_pool_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stimuli_refuse_frozen_pool(OLD.pool_id);
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    PERFORM stimuli_refuse_frozen_pool(NEW.pool_id);
    RETURN NEW;
END $$;
CREATE TRIGGER guard_frozen_pool_update BEFORE UPDATE ON stimuli_sourceimage
    FOR EACH ROW WHEN (
        to_jsonb(OLD) - 'perceptual_hash' IS DISTINCT FROM to_jsonb(NEW) - 'perceptual_hash'
        OR (OLD.perceptual_hash IS NOT NULL AND OLD.perceptual_hash IS DISTINCT FROM NEW.perceptual_hash)
    ) EXECUTE FUNCTION stimuli_guard_pool_change();
CREATE TRIGGER guard_frozen_pool_delete BEFORE DELETE ON stimuli_sourceimage
    FOR EACH ROW EXECUTE FUNCTION stimuli_guard_pool_change();

CREATE FUNCTION stimuli_guard_pool_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stimuli_refuse_frozen_pool(pool_id) FROM (SELECT DISTINCT pool_id FROM added) pools;
    RETURN NULL;
END $$;
CREATE TRIGGER guard_frozen_pool_insert AFTER INSERT ON stimuli_sourceimage
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION stimuli_guard_pool_insert();
"""

# A missing one may be made, because it follows from its original.
RENDITIONS = """
CREATE FUNCTION stimuli_guard_rendition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    frozen_in text;
BEGIN
    SELECT s.slug INTO frozen_in FROM stimuli_frozenset s WHERE EXISTS (
        SELECT 1 FROM stimuli_frozenset_images m JOIN stimuli_sourceimage i ON i.id = m.sourceimage_id
        WHERE m.frozenset_id = s.id AND i.sha256 = OLD.original_sha256
    ) OR EXISTS (
        SELECT 1 FROM stimuli_frozenset_stimuli m JOIN stimuli_stimulus t ON t.id = m.stimulus_id
        WHERE m.frozenset_id = s.id AND t.sha256 = OLD.original_sha256
    ) LIMIT 1;
    IF FOUND THEN
        PERFORM stimuli_refuse(format(
            'The rendition %s is of an image of the frozen set %L and does not change.', OLD.id, frozen_in
        ));
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_frozen_update BEFORE UPDATE ON stimuli_rendition
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stimuli_guard_rendition();
CREATE TRIGGER guard_frozen_delete BEFORE DELETE ON stimuli_rendition
    FOR EACH ROW EXECUTE FUNCTION stimuli_guard_rendition();
"""

# Dropping a function with CASCADE drops its triggers.
DROP = (
    "".join(
        f"DROP FUNCTION stimuli_guard_{name}() CASCADE;\n"
        for name in ("truncate", "pool_change", "pool_insert", "rendition")
    )
    + "DROP FUNCTION stimuli_refuse_frozen_pool(bigint);\n"
    + NETWORK_BEFORE
)


class Migration(migrations.Migration):
    dependencies = [("stimuli", "0007_gallery_indexes")]

    operations = [migrations.RunSQL(TRUNCATE + NETWORK + POOL + RENDITIONS, DROP)]
