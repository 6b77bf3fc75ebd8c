"""Pure decisions on readings: what is stored, in which bucket a value lies, which level answers for which time."""
