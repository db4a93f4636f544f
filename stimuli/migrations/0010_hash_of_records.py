"""The hash of a stimulus's record; of rows from before, of what stands in them."""

import hashlib
import json

from django.db import migrations, models

_FIGURES = (
    "activation_before",
    "activation_after",
    "crop_activation_before",
    "crop_activation_after",
    "distance",
    "ssim",
    "saturation",
)
_AS_THEY_ARE = ("config_sha256", "seed", "rank_after", "device", "made_with", "sha256", "format", "mask_sha256")
_SEED_IMAGE = ("sha256", "photograph_sha256", "left", "top", "side")
_BATCH = 1000


def _number(value):
    return None if value is None else float(value) + 0.0


def hash_of(row):
    """As stimuli.record_hash has it at this point of the history."""
    model, image = row.feature.model, row.image
    values = {
        "kind": str(row.kind),
        "feature": row.feature.name,
        "network": {"name": model.name, "weights_sha256": model.weights_sha256},
        "pool": row.pool.name,
        "image": None if image is None else {name: getattr(image, name) for name in _SEED_IMAGE},
        "curve": [_number(value) for value in row.curve],
        **{name: _number(getattr(row, name)) for name in _FIGURES},
        **{name: getattr(row, name) for name in _AS_THEY_ARE},
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def fill(apps, schema_editor):
    stimuli = apps.get_model("stimuli", "Stimulus")
    with schema_editor.connection.cursor() as cursor:
        # Stimuli of frozen sets get theirs too, and nothing else of them changes.
        cursor.execute("ALTER TABLE stimuli_stimulus DISABLE TRIGGER guard_frozen_update")
    waiting = []
    for row in stimuli.objects.select_related("feature__model", "pool", "image").order_by("id").iterator(_BATCH):
        row.record_sha256 = hash_of(row)
        waiting.append(row)
        if len(waiting) == _BATCH:
            stimuli.objects.bulk_update(waiting, ["record_sha256"])
            waiting.clear()
    stimuli.objects.bulk_update(waiting, ["record_sha256"])
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE stimuli_stimulus ENABLE TRIGGER guard_frozen_update")


class Migration(migrations.Migration):
    dependencies = [("stimuli", "0009_working_plans")]

    operations = [
        migrations.AddField(
            model_name="stimulus",
            name="record_sha256",
            field=models.CharField(
                default="",
                max_length=64,
                help_text="Of all of this as it was when the image was made, but for the time: a change of the record shows.",
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="stimulus",
            name="made_with",
            field=models.JSONField(default=dict, help_text="Versions of the libraries and of the code."),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
