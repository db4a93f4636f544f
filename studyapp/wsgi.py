"""The entry point of the web server: ``gunicorn studyapp.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application

from studyapp.entrance import guarded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")

application = guarded(get_wsgi_application())
