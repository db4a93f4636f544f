from django.apps import AppConfig
from django.core.checks import Tags, register


class StudyAppConfig(AppConfig):
    name = "studyapp"
    verbose_name = "Studies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from studyapp.checks import check_proxy_headers

        register(check_proxy_headers, Tags.security, deploy=True)
