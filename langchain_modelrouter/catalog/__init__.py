"""What exists: models, the providers that serve them, and the immutable set of both."""
