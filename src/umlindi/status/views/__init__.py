"""The doors of status pages and wallboards."""
