from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stimuli", "0006_frozen_sets_do_not_change")]

    operations = [
        migrations.AddIndex(
            model_name="sourceimage",
            index=models.Index(fields=["sha256"], name="image_by_its_file"),
        ),
        migrations.AddIndex(
            model_name="stimulus",
            index=models.Index(fields=["sha256"], name="stimulus_by_its_file"),
        ),
        migrations.AddIndex(
            model_name="stimulus",
            index=models.Index(fields=["mask_sha256"], name="stimulus_by_its_mask"),
        ),
    ]
