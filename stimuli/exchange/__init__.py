"""Frozen sets as folders: written from the database, read from strangers' hands, brought into another database."""
