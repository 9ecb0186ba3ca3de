"""Measuring classifiers and routers on labelled data and on recorded outcomes."""
