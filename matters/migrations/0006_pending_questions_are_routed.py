"""Questions are on their way to be routed from the moment that they are derived; `route_question` expects them so."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("matters", "0005_retention")]
    operations = [
        migrations.RunSQL(
            "UPDATE matters_question SET status = 'routing' WHERE status = 'pending'", migrations.RunSQL.noop
        )
    ]
