"""Where participants come from and go to: one file for each kind of panel, and nothing of it in the rest."""
