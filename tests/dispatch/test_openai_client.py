"""The ChatOpenAI that we build."""

import pytest

from langchain_modelrouter.catalog.model_info import Provider
from langchain_modelrouter.dispatch.openai_client import build
from langchain_modelrouter.errors import InvalidOptionError
from tests.factories import model_info


def test_without_a_base_url_no_key_goes_to_the_sdks_default_host() -> None:
    with pytest.raises(InvalidOptionError, match=r"providers\.p\.base_url"):
        build(
            model_info(),
            Provider(key="p"),
            "key",
            connect_timeout_s=1,
            timeout_s=1,
            http_client=None,
            http_async_client=None,
        )
