"""How templates write what Django's own filters do not."""
