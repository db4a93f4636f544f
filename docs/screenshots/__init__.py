"""How the pictures of docs/pages.md come about; ``python -m docs.make_screenshots`` takes them."""
