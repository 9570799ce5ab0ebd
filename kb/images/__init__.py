"""Pictures in articles: what they may be, and what is kept of them."""
