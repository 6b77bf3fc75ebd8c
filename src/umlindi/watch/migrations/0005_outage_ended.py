from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("watch", "0004_deadlines")]

    operations = [
        migrations.AddField(model_name="outage", name="ended", field=models.CharField(blank=True, max_length=200)),
    ]
