"""What every model that a router may reach can do."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from langchain_core.language_models import BaseChatModel, ModelProfile

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.handed_in import SAYS_NOTHING


def common_profile(models: Iterable[ModelInfo], handed_in: Mapping[str, BaseChatModel]) -> ModelProfile | None:
    """Return the intersection of the models' profiles: abilities that all have, limits that all keep.

    A client that was handed in speaks for itself; where it says nothing, its catalogue entry does. None where
    there is no model, or nothing is known of any.
    """
    profiles = [_profile_of(model, handed_in.get(model.key)) for model in models]
    if not any(profiles):
        return None
    common: dict[str, Any] = {}
    for name in dict.fromkeys(name for profile in profiles for name in profile):
        values = [profile.get(name) for profile in profiles]
        known = [value for value in values if value is not None]
        if all(isinstance(value, bool) for value in known):
            common[name] = len(known) == len(values) and all(known)
        elif all(isinstance(value, int) for value in known):
            common[name] = min(known)
    return cast(ModelProfile, common)


def _profile_of(model: ModelInfo, client: BaseChatModel | None) -> Mapping[str, Any]:
    own = client.profile if client is not None else None
    if not own and model.tags == SAYS_NOTHING:
        return {}
    return cast(Mapping[str, Any], own or model.profile)
