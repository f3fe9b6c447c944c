"""Addresses of the list and of a new matter; a matter's own page is `advice.urls`' part."""

from django.urls import path

from matters.views import matter_list, new_matter

app_name = "matters"
urlpatterns = [
    path("", matter_list, name="list"),
    path("matters/new/", new_matter, name="new"),
]
