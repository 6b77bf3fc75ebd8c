from django.db import migrations, models

ON_HOLIDAYS = [("same", "Same"), ("whole", "Whole"), ("none", "None")]


class Migration(migrations.Migration):
    dependencies = [("oncall", "0001_initial")]

    operations = [
        migrations.AddField(
            "rota", "hours", models.CharField(blank=True, max_length=200, default=""), preserve_default=False
        ),
        migrations.AddField("rota", "on_holidays", models.CharField(choices=ON_HOLIDAYS, default="same", max_length=5)),
    ]
