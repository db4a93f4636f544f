from django.apps import AppConfig

from stimuli import protocol


class StudyAppConfig(AppConfig):
    name = "studyapp"
    verbose_name = "Studies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let every protocol that is read here be checked for a task that is there."""
        from studyapp.tasks.registry import unknown_task  # models are ready only now

        protocol.further_checks.append(unknown_task)
