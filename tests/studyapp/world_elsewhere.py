"""The small world in a database of its own: ``python -m tests.studyapp.world_elsewhere PEOPLE TRIALS``.

The settings are those of the environment. Prints, as JSON, each person's token and answers to come.
"""

import json
import os
import sys
from dataclasses import asdict

import django


def main(people: int, trials: int) -> None:
    from django.core.management import call_command

    from tests.studyapp.enrolled import person_at_main_trials
    from tests.studyapp.world import make_study, make_survey, protocol_text

    call_command("migrate", verbosity=0)
    make_survey(features=trials, images=5 * trials + 10)
    study = make_study(protocol_text(features=trials, references=2))
    sys.stdout.write(json.dumps([asdict(person_at_main_trials(study, seed)) for seed in range(people)]))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "studyapp.settings"
    django.setup()
    main(int(sys.argv[1]), int(sys.argv[2]))
