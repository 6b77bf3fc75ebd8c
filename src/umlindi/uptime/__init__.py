"""Windows, availability, objectives and closed months."""
