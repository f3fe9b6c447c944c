"""The web process: HTTP by Django, WebSockets by the consumer, which authorises its handshake itself."""

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter

from config.handler import OneThreadHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)
http = OneThreadHandler()

from advice.routing import websocket_urlpatterns  # noqa: E402 - needs the apps, which the line above has loaded
from advice.serving import numbers  # noqa: E402 - likewise
from config.ending import Ending  # noqa: E402 - likewise
from config.forms import leave_forms_to_django  # noqa: E402 - likewise
from config.lean import keep_what_is_there  # noqa: E402 - likewise
from config.servers import refuse_missing_servers, refuse_unfit_database  # noqa: E402 - likewise
from config.turns import Turns  # noqa: E402 - likewise
from matters.processes import ProcessReport, Reporter  # noqa: E402 - likewise

refuse_missing_servers()
refuse_unfit_database()
leave_forms_to_django()
application = Ending(ProtocolTypeRouter({"http": Turns(http), "websocket": URLRouter(websocket_urlpatterns)}))
Reporter(ProcessReport.Kind.WEB, numbers)
keep_what_is_there()
