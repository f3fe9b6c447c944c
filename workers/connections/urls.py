"""Addresses under /settings/connections/."""

from django.urls import path

from workers.connections import views

app_name = "connections"
urlpatterns = [
    path("", views.connection_list, name="list"),
    path("<slug:provider>/connect/", views.connect_provider, name="connect"),
    path("<slug:provider>/begin/", views.begin_oauth, name="begin"),
    path("<slug:provider>/callback/", views.finish_oauth, name="callback"),
    path("<uuid:connection_id>/test/", views.test_connection, name="test"),
    path("<uuid:connection_id>/issuer/", views.choose_issuer, name="issuer"),
    path("<uuid:connection_id>/disconnect/", views.disconnect_provider, name="disconnect"),
]
