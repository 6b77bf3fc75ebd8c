"""The doors of alerts: Now, the list, one alert, its answers, and escalation policies."""
