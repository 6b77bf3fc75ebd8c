from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("watch", "0003_watchers")]

    operations = [
        migrations.AddField("probe", "deadline_s", models.FloatField(default=20)),
        migrations.RemoveField("spell", "probes"),
    ]
