"""The peers of the demo estate: programs of others on loopback, and simulations of our own for the rest."""
