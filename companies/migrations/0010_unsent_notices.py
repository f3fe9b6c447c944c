from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("companies", "0009_content_readings")]

    operations = [
        migrations.AddField(
            model_name="staffnotice",
            name="subject",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AddField(
            model_name="staffnotice",
            name="text",
            field=models.TextField(
                blank=True, default="", help_text="Waits for a mail server that takes it; empty: sent"
            ),
        ),
    ]
