from typing import Any

from django.db import migrations, models

from rantau.web.records.sizes import measuring


def measure(apps: Any, editor: Any) -> None:
    """What is kept already is measured too."""
    editor.execute(measuring(editor.connection.vendor))


class Migration(migrations.Migration):
    dependencies = [("records", "0002_revealed_and_revisions")]

    operations = [
        migrations.AddField(
            model_name="talk",
            name="bytes",
            field=models.PositiveBigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddIndex(model_name="talk", index=models.Index(fields=["owner", "bytes"], name="talk_size")),
        migrations.RunPython(measure, migrations.RunPython.noop),
    ]
