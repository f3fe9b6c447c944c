"""Addresses of a matter's page and of what can be done there."""

from django.urls import path

from advice.sharing.view import shared
from advice.views.answers import answers
from advice.views.assigning import assign
from advice.views.feedback import feedback
from advice.views.history import delete, rename, restore
from advice.views.matter import (
    answer,
    attach,
    confirm,
    document,
    matter,
    regenerate,
    remove,
    retry,
    revoke,
    settle,
    share,
    stop,
)

app_name = "advice"
urlpatterns = [
    path("matters/<uuid:matter_id>/", matter, name="matter"),
    path("matters/<uuid:matter_id>/answers/", answers, name="answers"),
    path("matters/<uuid:matter_id>/stop/", stop, name="stop"),
    path("matters/<uuid:matter_id>/retry/", retry, name="retry"),
    path("matters/<uuid:matter_id>/regenerate/", regenerate, name="regenerate"),
    path("matters/<uuid:matter_id>/feedback/", feedback, name="feedback"),
    path("matters/<uuid:matter_id>/rename/", rename, name="rename"),
    path("matters/<uuid:matter_id>/delete/", delete, name="delete"),
    path("matters/<uuid:matter_id>/restore/", restore, name="restore"),
    path("matters/<uuid:matter_id>/share/", share, name="share"),
    path("matters/<uuid:matter_id>/shares/<uuid:share_id>/revoke/", revoke, name="revoke"),
    path("matters/<uuid:matter_id>/facts/<uuid:fact_id>/settle/", settle, name="settle"),
    path("matters/<uuid:matter_id>/questions/<uuid:question_id>/answer/", answer, name="answer"),
    path("matters/<uuid:matter_id>/questions/<uuid:question_id>/assign/", assign, name="assign"),
    path("shared/<str:token>/", shared, name="shared"),
    path("matters/<uuid:matter_id>/questions/<uuid:question_id>/confirm/", confirm, name="confirm"),
    path("matters/<uuid:matter_id>/documents/", attach, name="attach"),
    path("matters/<uuid:matter_id>/documents/<uuid:document_id>/", document, name="document"),
    path("matters/<uuid:matter_id>/documents/<uuid:document_id>/remove/", remove, name="remove"),
]
