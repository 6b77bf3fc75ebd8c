"""The house: where Umlindi lives on a machine. Home folder, embedded PostgreSQL, supervisor. No Django."""
