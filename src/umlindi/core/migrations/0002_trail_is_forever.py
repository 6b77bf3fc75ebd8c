from django.db import migrations

FORBID = """
CREATE FUNCTION core_auditevent_is_forever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit events are never changed or removed: % refused', TG_OP;
END $$;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OR DELETE ON core_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION core_auditevent_is_forever();
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON core_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION core_auditevent_is_forever();
"""

ALLOW = """
DROP TRIGGER audit_is_never_emptied ON core_auditevent;
DROP TRIGGER audit_is_never_changed ON core_auditevent;
DROP FUNCTION core_auditevent_is_forever();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunSQL(FORBID, ALLOW)]
