"""Addresses under /settings/, and where the link of an invitation leads. `/accounts/` is django-allauth's."""

from django.urls import path

from companies.views import account, api_keys, invitations, matter_mail, members

app_name = "settings"
urlpatterns = [
    path("settings/", account.account, name="account"),
    path("settings/company/", account.choose_company, name="choose_company"),
    path("settings/e-mail/", matter_mail.matter_mail, name="matter_mail"),
    path("unsubscribe/<str:token>/", matter_mail.unsubscribe, name="unsubscribe"),
    path("settings/members/", members.member_list, name="members"),
    path("settings/members/invite/", members.invite, name="invite"),
    path("settings/members/leave/", members.leave, name="leave"),
    path("settings/members/<int:member_id>/role/", members.change_role, name="change_role"),
    path("settings/members/<int:member_id>/remove/", members.remove, name="remove"),
    path("settings/invitations/<int:invitation_id>/resend/", members.resend, name="resend"),
    path("settings/invitations/<int:invitation_id>/withdraw/", members.withdraw, name="withdraw"),
    path("settings/api-keys/", api_keys.api_keys, name="api_keys"),
    path("settings/api-keys/<int:key_id>/revoke/", api_keys.revoke, name="revoke"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
]
