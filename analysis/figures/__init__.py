"""What do the numbers look like? Figures as SVG documents: the same bytes for the same numbers."""
