"""Pure decisions: whose turn it is, when a page may wait, what a message may hold."""
