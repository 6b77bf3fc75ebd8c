"""Pages of on call: who it is now, rotas, what is changed by hand, how people are reached, public holidays."""
