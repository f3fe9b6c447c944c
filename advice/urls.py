"""Addresses of a matter's page and of what can be done there."""

from django.urls import path

from advice.views import answer, matter, regenerate, retry, stop

app_name = "advice"
urlpatterns = [
    path("matters/<uuid:matter_id>/", matter, name="matter"),
    path("matters/<uuid:matter_id>/stop/", stop, name="stop"),
    path("matters/<uuid:matter_id>/retry/", retry, name="retry"),
    path("matters/<uuid:matter_id>/regenerate/", regenerate, name="regenerate"),
    path("matters/<uuid:matter_id>/questions/<uuid:question_id>/answer/", answer, name="answer"),
]
