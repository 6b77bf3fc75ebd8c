"""What we look after: sites, systems, interfaces, and what depends on what."""
