"""Which models can serve a request, best first: pure functions over frozen values."""
