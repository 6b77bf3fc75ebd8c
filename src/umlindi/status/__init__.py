"""The wallboard, and status pages for clients."""
