"""Who is asking, and what this one may do."""
