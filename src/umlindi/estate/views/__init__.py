"""Pages: browsing, editing one row, bringing a whole estate."""
