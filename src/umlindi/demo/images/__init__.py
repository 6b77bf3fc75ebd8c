"""Drawn images: recognisable as CT, MR, CR and US, made of ellipses and noise, and of nobody."""
