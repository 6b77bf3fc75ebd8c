"""People: rotas, who is on call, and how each is reached."""
