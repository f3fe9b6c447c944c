from django.db import migrations, models

# Until now what was being sent when its worker died stayed so. What is old by now is told to nobody any more; of the
# rest a worker of the old release may still be at it.
NO_OLD_MAIL = """
UPDATE matters_notice
   SET status = CASE WHEN due_at < now() - interval '1 day' THEN 'failed' ELSE 'sending' END,
       due_at = CASE WHEN due_at < now() - interval '1 day' THEN due_at ELSE now() + interval '15 minutes' END
 WHERE status = 'sending'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("matters", "0016_failed_notices"),
    ]

    operations = [
        migrations.RunSQL(NO_OLD_MAIL, migrations.RunSQL.noop),
        migrations.RemoveIndex(
            model_name="notice",
            name="notice_due",
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("status__in", ("pending", "sending"))), fields=["due_at"], name="notice_due"
            ),
        ),
    ]
