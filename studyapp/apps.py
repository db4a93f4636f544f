from django.apps import AppConfig


class StudyAppConfig(AppConfig):
    name = "studyapp"
    default_auto_field = "django.db.models.BigAutoField"
