from django.apps import AppConfig


class StudyAppConfig(AppConfig):
    name = "studyapp"
    verbose_name = "Studies"
    default_auto_field = "django.db.models.BigAutoField"
