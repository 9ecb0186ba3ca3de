"""The classifier that a command works with: one that asks no model."""

from pathlib import Path
from typing import Annotated

import typer

from langchain_modelrouter.cli.files import faults_of
from langchain_modelrouter.errors import InvalidOptionError
from langchain_modelrouter.routing.classification import Classifier
from langchain_modelrouter.routing.classifiers import classifier_named
from langchain_modelrouter.routing.classifiers.local import LocalClassifier, load

CATEGORY_WITHOUT_TEXT = "general"
"""What a prompt without any text is taken for: the default task."""

ClassifierOption = Annotated[
    str | None,
    typer.Option(
        help="local or complexity; by default that of --config, else local.", show_default=False, metavar="NAME"
    ),
]
WeightsOption = Annotated[
    Path | None, typer.Option(help="A file of modelrouter train for the local classifier.", show_default=False)
]


def offline_classifier(name: str | None, weights: Path | None, config: Path | None) -> Classifier:
    """Return the classifier that is asked for; a configuration is read only where one is named.

    Raises:
        ConfigError: the configuration cannot be used.
        InvalidOptionError: it asks a model, there is none of that name, or the weights cannot be read.
    """
    if name is None and config is not None:
        from langchain_modelrouter.config import RouterConfig

        name = RouterConfig.load(config).routing.classifier
    if weights is not None:
        if name not in (None, "local"):
            raise InvalidOptionError("--weights", f"they are for the local classifier, not for {name!r}")
        with faults_of("--weights"):
            load(weights)
        return LocalClassifier(weights)
    classifier = classifier_named(name or "local")
    if classifier is None:
        raise InvalidOptionError("--classifier", f"{name!r} does not classify texts offline; take local or complexity")
    return classifier
