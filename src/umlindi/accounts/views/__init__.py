"""Pages: People, and one's own account."""
