"""Where everything is."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config.api import api
from config.health import metrics

# What goes wrong before a view is reached: a problem document under the API, else Django's page.
handler400 = "config.api_errors.bad_request"
handler500 = "config.api_errors.server_error"
admin.autodiscover()
# Staff sign in where everybody does, with their second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("metrics", metrics),
    # Browsers ask for it wherever a page names no icon: the admin's, a file, the API's own.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}icon.svg")),
    path("accounts/", include("allauth.urls")),
    path("", include("companies.urls")),
    path("settings/connections/", include("workers.connections.urls")),
    path("", include("matters.urls")),
    path("", include("advice.urls")),
]
