from django.apps import AppConfig
from django.core.checks import Tags, register

from stimuli import protocol


class StudyAppConfig(AppConfig):
    name = "studyapp"
    verbose_name = "Studies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let every protocol that is read here be checked for a task that is there, and a deployment for its proxy."""
        from studyapp.checks import check_proxy_headers
        from studyapp.tasks.registry import unknown_task  # models are ready only now

        protocol.further_checks.append(unknown_task)
        register(check_proxy_headers, Tags.security, deploy=True)
