from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0001_first")]

    operations = [
        migrations.AddField(
            model_name="battle", name="revealed", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[],
            options={"verbose_name": "model", "proxy": True, "indexes": [], "constraints": []},
            bases=("records.message",),
        ),
    ]
