"""What must report by itself: backups, scripts, other watchers, and our own jobs."""
