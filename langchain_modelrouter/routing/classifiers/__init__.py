"""Classifiers that work without asking a model."""

from langchain_modelrouter.routing.classification import Classifier
from langchain_modelrouter.routing.classifiers.complexity import ComplexityClassifier
from langchain_modelrouter.routing.classifiers.local import LocalClassifier


def classifier_named(name: str) -> Classifier | None:
    """Return the classifier of that name, or None for `rules`, `none` and those that must ask a model."""
    match name:
        case "local" | "cascade":
            return LocalClassifier()
        case "complexity":
            return ComplexityClassifier()
        case _:
            return None
