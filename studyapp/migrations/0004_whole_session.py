import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def fill_in_sessions(apps, schema_editor):
    """Sessions from before: how many main trials each has, and when its participant was last heard of."""
    participant, trial = apps.get_model("studyapp", "Participant"), apps.get_model("studyapp", "Trial")
    response = apps.get_model("studyapp", "Response")
    for one in participant.objects.all():
        one.main_trials = trial.objects.filter(participant=one, phase="main").count()
        last = response.objects.filter(trial__participant=one).order_by("-received_at").first()
        one.last_seen_at = last.received_at if last else one.instructions_read_at or one.consented_at
        one.save(update_fields=["main_trials", "last_seen_at"])
    # PostgreSQL alters no table whose rows it has still to check.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("stimuli", "0007_gallery_indexes"),
        ("studyapp", "0003_studies_stand_on_frozen_sets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ContinuationPair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(help_text="Of the feature's seed images, from 1.")),
            ],
            options={
                "ordering": ("study_feature", "number"),
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("data", models.JSONField(default=dict)),
                (
                    "by",
                    models.CharField(
                        blank=True, help_text="Login of the researcher, where one did it.", max_length=150
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="QuestionnaireAnswers",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.CharField(choices=[("before", "Before"), ("after", "After")], max_length=6)),
                ("answers", models.JSONField(help_text="By the question's name; null for one that was left out.")),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "questionnaire answers",
            },
        ),
        migrations.CreateModel(
            name="QuizAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField(help_text="From 1.")),
                ("answers", models.JSONField(help_text="The choices made, in the order of the questions.")),
                ("passed", models.BooleanField()),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("participant", "number"),
            },
        ),
        migrations.CreateModel(
            name="RecruiterIdentity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(max_length=200)),
                ("session_id", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name_plural": "recruiter identities",
            },
        ),
        migrations.AlterModelOptions(
            name="participant",
            options={"ordering": ("study", "number", "id")},
        ),
        migrations.RemoveConstraint(
            model_name="participant",
            name="one_participant_per_number",
        ),
        migrations.RemoveConstraint(
            model_name="studyfeature",
            name="study_feature_phase_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="trial",
            name="a_participant_sees_a_query_once",
        ),
        migrations.AddField(
            model_name="participant",
            name="breaks_taken",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="participant",
            name="debriefed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="participant",
            name="ended_as",
            field=models.CharField(
                blank=True,
                choices=[
                    ("quiz_failed", "Quiz Failed"),
                    ("practice_failed", "Practice Failed"),
                    ("withdrawn", "Withdrawn"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="participant",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="participant",
            name="instructions_shown_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="participant",
            name="last_seen_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                help_text="To the minute; who was not seen for long has abandoned the place.",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="participant",
            name="main_trials",
            field=models.PositiveIntegerField(
                default=0, help_text="How many the session has, catch trials among them."
            ),
            preserve_default=False,
        ),
        migrations.RunPython(fill_in_sessions, migrations.RunPython.noop),
        migrations.AddField(
            model_name="participant",
            name="released_at",
            field=models.DateTimeField(
                blank=True, help_text="When the place was given to somebody else, or became free to be.", null=True
            ),
        ),
        migrations.AddField(
            model_name="response",
            name="data",
            field=models.JSONField(
                default=dict, help_text="The data fields that the task declares, by the name of the export's column."
            ),
        ),
        migrations.AddField(
            model_name="response",
            name="events",
            field=models.JSONField(
                default=list,
                help_text="What happened during the trial: [ms since the first painted frame, name, detail] each.",
            ),
        ),
        migrations.AddField(
            model_name="study",
            name="closed_at",
            field=models.DateTimeField(blank=True, help_text="From when on nobody new is enrolled.", null=True),
        ),
        migrations.AddField(
            model_name="study",
            name="researchers",
            field=models.ManyToManyField(
                blank=True,
                help_text="Staff who may see the study and its data; superusers see every study.",
                related_name="studies",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="trial",
            name="copied_reference",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Of a catch trial: the position of the reference that is also the strong query.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="trial",
            name="is_catch",
            field=models.BooleanField(default=False, help_text="One choice is a copy of what is shown as evidence."),
        ),
        migrations.AddField(
            model_name="trial",
            name="round",
            field=models.PositiveSmallIntegerField(default=1, help_text="Of practice, from 1; 1 for main trials."),
        ),
        migrations.AlterField(
            model_name="participant",
            name="number",
            field=models.PositiveIntegerField(
                help_text="The place in the study's design, from 1, from which the trials are drawn. An abandoned place is given to somebody else."
            ),
        ),
        migrations.AlterField(
            model_name="studyfeature",
            name="phase",
            field=models.CharField(
                choices=[("practice", "Practice"), ("main", "Main"), ("catch", "Catch")], max_length=10
            ),
        ),
        migrations.AlterField(
            model_name="trial",
            name="query_pair",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trials",
                to="studyapp.querypair",
            ),
        ),
        migrations.AlterField(
            model_name="trial",
            name="strong_side",
            field=models.CharField(
                choices=[("left", "Left"), ("right", "Right")], help_text="The side of the right answer.", max_length=5
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("released_at", None)), fields=("study", "number"), name="one_participant_per_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_as", ""), ("ended_at", None)),
                    models.Q(("ended_at__isnull", False), models.Q(("ended_as", ""), _negated=True)),
                    _connector="OR",
                ),
                name="who_ended_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="places_start_at_1"),
        ),
        migrations.AddConstraint(
            model_name="studyfeature",
            constraint=models.CheckConstraint(
                condition=models.Q(("phase__in", ["practice", "main", "catch"])), name="study_feature_phase_is_known"
            ),
        ),
        migrations.AddField(
            model_name="continuationpair",
            name="foil",
            field=models.ForeignKey(
                help_text="Another feature's, on the same seed image.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="stimuli.stimulus",
            ),
        ),
        migrations.AddField(
            model_name="continuationpair",
            name="seed_image",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="stimuli.sourceimage"
            ),
        ),
        migrations.AddField(
            model_name="continuationpair",
            name="strong",
            field=models.ForeignKey(
                help_text="The right answer.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="stimuli.stimulus",
            ),
        ),
        migrations.AddField(
            model_name="continuationpair",
            name="study_feature",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="continuation_pairs",
                to="studyapp.studyfeature",
            ),
        ),
        migrations.AddField(
            model_name="continuationpair",
            name="weak",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="stimuli.stimulus"
            ),
        ),
        migrations.AddField(
            model_name="trial",
            name="continuation_pair",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trials",
                to="studyapp.continuationpair",
            ),
        ),
        migrations.AddConstraint(
            model_name="trial",
            constraint=models.UniqueConstraint(
                fields=("participant", "query_pair", "round"), name="a_participant_sees_a_query_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="trial",
            constraint=models.UniqueConstraint(
                fields=("participant", "continuation_pair", "round"), name="a_participant_sees_a_continuation_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="trial",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("continuation_pair", None), ("query_pair__isnull", False)),
                    models.Q(("continuation_pair__isnull", False), ("query_pair", None)),
                    _connector="OR",
                ),
                name="a_trial_asks_about_one_pair",
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="participant",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="studyapp.participant",
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="study",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="events", to="studyapp.study"
            ),
        ),
        migrations.AddField(
            model_name="questionnaireanswers",
            name="participant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="questionnaires", to="studyapp.participant"
            ),
        ),
        migrations.AddField(
            model_name="quizattempt",
            name="participant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="quiz_attempts", to="studyapp.participant"
            ),
        ),
        migrations.AddField(
            model_name="recruiteridentity",
            name="participant",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="identity", to="studyapp.participant"
            ),
        ),
        migrations.AddField(
            model_name="recruiteridentity",
            name="study",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="identities", to="studyapp.study"
            ),
        ),
        migrations.AddConstraint(
            model_name="continuationpair",
            constraint=models.UniqueConstraint(fields=("study_feature", "number"), name="one_continuation_per_number"),
        ),
        migrations.AddConstraint(
            model_name="continuationpair",
            constraint=models.CheckConstraint(
                condition=models.Q(("strong", models.F("foil")), _negated=True), name="the_foil_is_another_image"
            ),
        ),
        migrations.AddConstraint(
            model_name="questionnaireanswers",
            constraint=models.UniqueConstraint(fields=("participant", "place"), name="one_answer_per_questionnaire"),
        ),
        migrations.AddConstraint(
            model_name="questionnaireanswers",
            constraint=models.CheckConstraint(
                condition=models.Q(("place__in", ["before", "after"])), name="questionnaire_place_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="quizattempt",
            constraint=models.UniqueConstraint(fields=("participant", "number"), name="one_quiz_attempt_per_number"),
        ),
        migrations.AddConstraint(
            model_name="recruiteridentity",
            constraint=models.UniqueConstraint(
                fields=("study", "external_id"), name="one_participant_per_recruited_person"
            ),
        ),
    ]
