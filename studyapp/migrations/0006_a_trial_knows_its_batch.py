"""A trial knows its image batch: those of continuations have no query pair that would tell it."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def take_from_the_query_pair(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    pairs = apps.get_model("studyapp", "QueryPair").objects.filter(pk=OuterRef("query_pair"))
    trials = apps.get_model("studyapp", "Trial").objects.filter(query_pair__batch__gt=1)
    trials.update(batch=Subquery(pairs.values("batch")[:1]))


class Migration(migrations.Migration):
    dependencies = [("studyapp", "0005_events_are_written_once")]

    operations = [
        migrations.AddField(
            model_name="trial",
            name="batch",
            field=models.PositiveIntegerField(
                default=1, help_text="Of the references shown; in a continuation, of the seed."
            ),
        ),
        migrations.RunPython(take_from_the_query_pair, migrations.RunPython.noop),
    ]
