"""Where WebSockets are."""

from django.urls import path, re_path

from advice.consumers import MatterConsumer, RefusingConsumer

websocket_urlpatterns = [
    path("ws/matters/<id:matter_id>/", MatterConsumer.as_asgi()),
    re_path("", RefusingConsumer.as_asgi()),
]
