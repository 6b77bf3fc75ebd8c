"""What every room uses: actors and scope, the audit trail, time."""
