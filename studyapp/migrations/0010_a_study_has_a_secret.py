"""A secret of each study, from which participants' trials are drawn; studies that stand have none and draw as before.

Like the seed it never changes: the trigger of 0009 is made again with it.
"""

from django.db import migrations, models

OWN = ("id", "slug", "title", "protocol", "protocol_sha256", "seed", "frozen_set_id", "created_at")


def guard(columns):
    old, new = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    return f"""
DROP TRIGGER guard_standing_change ON studyapp_study;
CREATE TRIGGER guard_standing_change BEFORE UPDATE ON studyapp_study FOR EACH ROW
    WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION studyapp_guard_change();
"""


class Migration(migrations.Migration):
    dependencies = [("studyapp", "0009_standing_studies_do_not_change")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="secret",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="Drawn with the study and told to nobody, so that the protocol gives no right answer away; "
                "empty in studies from before there were secrets.",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="study",
            name="seed",
            field=models.BigIntegerField(help_text="Of the protocol; the trials are drawn from it and the secret."),
        ),
        migrations.RunSQL(guard((*OWN, "secret")), guard(OWN)),
    ]
