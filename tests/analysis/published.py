"""Experiment I of Borowski et al. (2021): correct answers of 45, of participants 1 to 10, in three conditions."""

NATURAL = (44, 42, 40, 41, 42, 40, 41, 43, 41, 41)
SYNTHETIC = (36, 36, 40, 39, 32, 37, 37, 40, 32, 40)
NONE = (24, 19, 27, 12, 18, 20, 20, 14, 19, 21)
