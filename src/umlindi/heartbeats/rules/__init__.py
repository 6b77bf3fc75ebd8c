"""The decisions of heartbeats: pure, on values, with `now` given."""
