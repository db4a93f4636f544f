"""Of those who withdrew and whose answers were deleted, the row no longer says how far they came and when.

Only such a row has no trials: they are drawn at enrolment. What is cleared cannot be brought back.
"""

from django.db import migrations

CLEAR = """
UPDATE studyapp_participant SET
    instructions_shown_at = NULL, instructions_read_at = NULL, debriefed_at = NULL, breaks_taken = 0,
    completed_at = NULL, completion_code = '', last_seen_at = ended_at
WHERE ended_as = 'withdrawn'
    AND NOT EXISTS (SELECT FROM studyapp_trial WHERE participant_id = studyapp_participant.id);
"""


class Migration(migrations.Migration):
    dependencies = [("studyapp", "0010_a_study_has_a_secret")]

    operations = [migrations.RunSQL(CLEAR, migrations.RunSQL.noop)]
