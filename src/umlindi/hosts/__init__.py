"""Probes of what imaging stands on: web, TLS, databases, machines, clocks, power, Orthanc. No Django."""
