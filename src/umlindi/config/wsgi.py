"""The WSGI door, served by waitress or any other server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "umlindi.config.settings")
application = get_wsgi_application()
