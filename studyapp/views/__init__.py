"""Thin views: they read the request, call a service or a selector, and show the result."""
