"""Probing the estate: the present state of every interface, and the morning check."""
