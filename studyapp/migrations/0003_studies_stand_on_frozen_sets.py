import hashlib

import django.db.models.deletion
from django.db import migrations, models


def freeze_what_studies_show(apps, schema_editor):
    """A study from before sets were frozen: what it shows is frozen now. Which plan chose it was not kept."""
    study, frozen_set = apps.get_model("studyapp", "Study"), apps.get_model("stimuli", "FrozenSet")
    reference, query_pair = apps.get_model("studyapp", "Reference"), apps.get_model("studyapp", "QueryPair")
    for one in study.objects.all():
        frozen, created = frozen_set.objects.get_or_create(
            protocol_sha256=one.protocol_sha256,
            defaults={
                "slug": one.slug,
                "protocol": one.protocol,
                "plan": "",
                "plan_sha256": hashlib.sha256(b"").hexdigest(),
                "verification": {"note": "frozen from a study that was made before sets were frozen"},
            },
        )
        if created:
            schema_editor.execute("SELECT set_config('quiddity.open_set', %s, true)", [str(frozen.pk)])
            references = reference.objects.filter(study_feature__study=one)
            pairs = query_pair.objects.filter(study_feature__study=one).values_list("strong_image", "weak_image")
            queries = [image for pair in pairs for image in pair]
            frozen.images.set({*references.values_list("image", flat=True), *queries})
            frozen.stimuli.set({*references.exclude(explanations=None).values_list("explanations", flat=True)})
            frozen.features.set(one.features.values_list("feature", flat=True))
        one.frozen_set = frozen
        one.save(update_fields=["frozen_set"])
    schema_editor.execute("SELECT set_config('quiddity.open_set', '', true)")
    # PostgreSQL alters no table whose rows it has still to check.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def frozen_set(**options):
    return models.OneToOneField(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="study",
        to="stimuli.frozenset",
        help_text="The images of the protocol, unchangeable.",
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("stimuli", "0006_frozen_sets_do_not_change"),
        ("studyapp", "0002_batches_and_difficulty"),
    ]

    operations = [
        migrations.AddField("study", "frozen_set", frozen_set(null=True)),
        migrations.RunPython(freeze_what_studies_show, migrations.RunPython.noop),
        migrations.AlterField("study", "frozen_set", frozen_set()),
    ]
