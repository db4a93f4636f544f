from django.apps import AppConfig


class StimuliConfig(AppConfig):
    name = "stimuli"
    verbose_name = "Stimuli"
    default_auto_field = "django.db.models.BigAutoField"
