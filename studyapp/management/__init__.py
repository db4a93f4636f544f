"""Commands of the study site."""
