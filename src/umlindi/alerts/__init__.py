"""A person must know: alerts, escalation and pages."""
