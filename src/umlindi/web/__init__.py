"""Base templates, components, navigation and static files."""
