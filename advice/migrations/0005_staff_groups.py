"""The groups of staff, with what each may see. Django makes permissions after all migrations: here they are made first.

A group that exists keeps what it has; what is missing of its rights is added.
"""

from django.db import migrations

_SEES_STATES = [
    "companies.view_company", "matters.view_matter", "matters.view_step", "matters.view_llmcall",
    "matters.view_providercall", "matters.view_delivery", "matters.view_batch", "companies.view_connection",
    "companies.view_webhookendpoint", "companies.view_spending",
]  # fmt: skip
GROUPS = {
    "reviewer": [
        *_SEES_STATES,
        "companies.read_content", "advice.review_advice", "advice.view_deskitem", "advice.view_attempt",
        "advice.view_check", "advice.view_review", "advice.view_reviewcomment", "advice.view_sharelink",
        "advice.view_feedback",
        "matters.view_question", "matters.view_fact", "matters.view_event", "matters.view_companyfact",
        "matters.view_companyfactentry", "documents.view_document", "playbooks.view_playbook",
        "playbooks.view_playbookversion", "playbooks.view_section",
    ],
    "operator": [
        *_SEES_STATES,
        "companies.operate_matters", "matters.view_deadletter", "matters.view_breaker", "companies.view_staffnotice",
        "matters.view_processreport",
        "playbooks.view_playbook", "playbooks.view_playbookversion",
    ],
    "support": [
        *_SEES_STATES,
        "companies.view_membership", "companies.view_user", "companies.view_invitation",
        "companies.view_membershipchange", "companies.view_apikey", "mfa.view_authenticator",
    ],
}  # fmt: skip
_CUSTOM = {
    "read_content": "contentreading", "operate_matters": "contentreading", "review_advice": "review",
}  # fmt: skip


def make_groups(apps, schema_editor):
    group_model = apps.get_model("auth", "Group")
    for name, rights in GROUPS.items():
        group, _ = group_model.objects.get_or_create(name=name)
        group.permissions.add(*[_permission(apps, right) for right in rights])


def _permission(apps, right):
    app, _, codename = right.partition(".")
    model = _CUSTOM.get(codename) or codename.partition("_")[2]
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label=app, model=model)
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename=codename, defaults={"name": f"Can {codename.replace('_', ' ')}"}
    )
    return permission


class Migration(migrations.Migration):
    dependencies = [
        ("advice", "0004_reviews"),
        ("companies", "0009_content_readings"),
        ("matters", "0014_processes"),
        ("documents", "0001_initial"),
        ("playbooks", "0001_initial"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
