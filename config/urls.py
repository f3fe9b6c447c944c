"""Where everything is."""

from django.contrib import admin
from django.urls import include, path

from config.api import api
from config.health import healthz, metrics, readyz

# What goes wrong before a view is reached: a problem document under the API, else Django's page.
handler400 = "config.api_errors.bad_request"
handler500 = "config.api_errors.server_error"
urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("accounts/", include("companies.urls")),
    path("settings/connections/", include("workers.connections.urls")),
    path("", include("matters.urls")),
    path("", include("advice.urls")),
]
