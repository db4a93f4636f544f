"""The Django site: who saw what, and what did they answer?"""
