"""Addresses of the list, of a new matter and of the company's facts; a matter's own page is `advice.urls`' part."""

from django.urls import path

from matters.facts.views import fact, fact_list, settle
from matters.questions.views import question_list
from matters.views import matter_list, new_matter

app_name = "matters"
urlpatterns = [
    path("", matter_list, name="list"),
    path("matters/new/", new_matter, name="new"),
    path("questions/", question_list, name="questions"),
    path("facts/", fact_list, name="facts"),
    path("facts/<uuid:fact_id>/", fact, name="fact"),
    path("facts/<uuid:fact_id>/settle/", settle, name="settle"),
]
