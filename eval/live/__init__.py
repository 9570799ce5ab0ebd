"""Live interactions under load: how fast suggestions come, and what a crash leaves of them."""
