"""Classifiers that work without asking a model."""
