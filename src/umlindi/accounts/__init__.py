"""People, organisations, roles, sign-in and tokens."""
