"""Settings in the environment: a variable that is no setting stops the start, with the one that was probably meant.

The source that comes with pydantic looks for the names it knows and is silent about all others, so that a slip of one
character would leave a guard with another threshold than its operator believes.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from aimds.errors import ConfigurationError, ErrorCode

__all__ = ["EnvironmentSource", "PREFIX", "variables_of"]

PREFIX: Final = "AIMDS_"
_DELIMITER: Final = "__"

_OTHER_VARIABLES: Final = frozenset({"AIMDS_CONFIG", "AIMDS_DATA", "AIMDS_CASES", "AIMDS_TEST_POSTGRES"})
"""What else this project reads: the settings file, the corpora, the number of random cases, a database for tests."""

_OF_KUBERNETES: Final = re.compile(
    r"AIMDS_(?!.*__)(?:\w+_)?"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)
"""Kubernetes sets them in every pod beside a service called `aimds` or `aimds-...`: they are nobody's slip."""


def variables_of(settings: type[BaseSettings]) -> list[str]:
    """Every variable that sets something: `AIMDS_SECTION` (JSON) and `AIMDS_SECTION__OPTION`."""
    names = []
    for section, field in settings.model_fields.items():
        names.append(f"{PREFIX}{section.upper()}")
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += [f"{names[-1]}{_DELIMITER}{option.upper()}" for option in field.annotation.model_fields]
    return names


class EnvironmentSource(EnvSettingsSource):
    """The settings among the environment variables.

    Raises:
        ConfigurationError: on being asked: an `AIMDS_` variable is no setting, or is not the JSON that it must be.
    """

    def __call__(self) -> dict[str, Any]:
        """The sections that the environment sets."""
        _refuse_unknown(os.environ, variables_of(self.settings_cls))
        return super().__call__()

    def prepare_field_value(self, field_name: str, field: FieldInfo, value: Any, value_is_complex: bool) -> Any:
        """One section out of its variables. What is no JSON is refused by the names of those that are set."""
        try:
            return super().prepare_field_value(field_name, field, value, value_is_complex)
        except ValueError:
            section = f"{PREFIX}{field_name.upper()}"
            present = {name.upper() for name in os.environ}
            names = [name for name in variables_of(self.settings_cls) if name in present]
            place = ", ".join(name for name in names if name == section or name.startswith(section + _DELIMITER))
            reason = 'a section or a list must be JSON, such as ["a", "b"]'
            raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place=place, reason=reason) from None


def _refuse_unknown(environment: Iterable[str], known: list[str]) -> None:
    """Case does not matter, as it does not to pydantic."""
    for name in sorted(environment):
        upper = name.upper()
        if (
            not upper.startswith(PREFIX)
            or upper in _OTHER_VARIABLES
            or upper in known
            or _OF_KUBERNETES.fullmatch(upper)
        ):
            continue
        own_parts = [one.removeprefix(PREFIX) for one in known]  # with the prefix any two names are alike
        near = difflib.get_close_matches(upper.removeprefix(PREFIX), own_parts, n=1)
        advice = f"did you mean {PREFIX}{near[0]}?" if near else f"they are {PREFIX}SECTION{_DELIMITER}OPTION"
        reason = f"no setting has this variable; {advice}"
        raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place=name, reason=reason)
