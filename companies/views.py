"""Signing in and out."""

from django.contrib.auth.views import LoginView

from companies.forms import SignInForm


class SignIn(LoginView):
    """E-mail address and password; who is signed in already goes on to the matters."""

    template_name = "companies/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
