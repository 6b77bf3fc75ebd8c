"""Template pieces of on call."""
