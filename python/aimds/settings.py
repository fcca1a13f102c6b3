"""Configuration: arguments before environment (`AIMDS_*`, nested with `__`) before a TOML file before defaults.

The file is the one given, else `$AIMDS_CONFIG`, else `aimds.toml` in the working directory if there is one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from aimds.environment import PREFIX, EnvironmentSource
from aimds.errors import ConfigurationError, ErrorCode
from aimds.limits import QUARANTINE_SECONDS_MAX, SESSIONS_MAX
from aimds.records import Profile

__all__ = [
    "AuditDurability",
    "AuditFailure",
    "AuditRecords",
    "AuditSettings",
    "AuditText",
    "BudgetSettings",
    "CheckerKind",
    "CheckerSeverity",
    "DecideSettings",
    "PatternsSettings",
    "Settings",
    "SignaturesSettings",
    "TemporalSettings",
    "UndecidedAction",
    "VerifySettings",
]

_DEFAULT_FILE = "aimds.toml"
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class UndecidedAction(StrEnum):
    """What to answer when a stage failed or ran out of budget. `allow` is fail-open: logged, never the default."""

    BLOCK = "block"
    ESCALATE = "escalate"
    ALLOW = "allow"


class AuditRecords(StrEnum):
    """Which verdicts are recorded."""

    ALL = "all"
    NOT_ALLOWED = "not_allowed"


class AuditText(StrEnum):
    """What a record holds of the text: length and digest only, or also its beginning with secrets starred out."""

    REDACTED = "redacted"
    KEPT = "kept"


class AuditFailure(StrEnum):
    """What follows when a record cannot be written. `allow` is fail-open: logged, never the default."""

    BLOCK = "block"
    ALLOW = "allow"


class AuditDurability(StrEnum):
    """What a record survives once its verdict is handed out: a loss of power, or the death of the process."""

    POWER = "power"
    PROCESS = "process"


class CheckerKind(StrEnum):
    """Who besides the own kernel must accept the certificate of a grave decision. None of them comes with AIMDS."""

    NONE = "none"
    STREAM = "stream"
    NANODA = "nanoda"
    LEAN = "lean"
    ENDPOINT = "endpoint"


class CheckerSeverity(StrEnum):
    """From which severity on."""

    HIGH = "high"
    CRITICAL = "critical"


def _refusal(fault: ValidationError, section: str | None = None) -> ConfigurationError:
    """The first thing that is wrong, by the name of its setting and without its value, which may be a secret."""
    first = fault.errors(include_url=False, include_input=False)[0]
    names = [str(part) for part in ((section,) if section else ()) + first["loc"]]
    place = ".".join(names) or "settings"
    return ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place=place, reason=first["msg"])


@contextmanager
def _refused(section: str | None = None) -> Iterator[None]:
    try:
        yield
    except ValidationError as fault:
        raise _refusal(fault, section) from None


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _typed(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """A wrong value as an error of AIMDS, also when a section is made alone; `DecideSettings` is `decide`."""
        with _refused(cls.__name__.removesuffix("Settings").lower()):
            return handler(data)


class DecideSettings(_Section):
    """How findings become an action."""

    block_threshold: Annotated[Probability, Field(description="a score at or above this is blocked")] = 0.80
    escalate_threshold: Annotated[
        Probability, Field(description="a score at or above this, and below block_threshold, asks a person")
    ] = 0.65
    on_undecided: Annotated[
        UndecidedAction, Field(description="answer when a stage failed or ran out of budget: block, escalate or allow")
    ] = UndecidedAction.ESCALATE
    block_outbound_secrets: Annotated[
        bool, Field(description="block responses and tool calls that carry a credential")
    ] = True
    redact_personal_data: Annotated[
        bool, Field(description="propose redaction of personal data in responses and tool calls")
    ] = True
    quarantine_after_blocks: Annotated[
        int, Field(ge=0, description="blocked events of one session within a window that quarantine it; 0 = never")
    ] = 0
    quarantine_s: Annotated[
        float, Field(gt=0, le=QUARANTINE_SECONDS_MAX, description="how long a quarantined session stays blocked")
    ] = 900.0
    throttle_gap_ms: Annotated[
        float, Field(ge=0, description="least gap between events of a session that behaves as a loop; 0 = no throttle")
    ] = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.escalate_threshold > self.block_threshold:
            raise ValueError("escalate_threshold must not be above block_threshold")
        return self


class SignaturesSettings(_Section):
    """Rule packs and allow-lists."""

    enabled: Annotated[
        bool,
        Field(description="run the signatures stage; without it credentials and planted tokens are not found either"),
    ] = True
    packs: Annotated[tuple[Path, ...], Field(description="further rule packs: TOML files, or folders of them")] = ()
    disabled_rules: Annotated[tuple[str, ...], Field(description="rule ids that never fire")] = ()
    allow_texts: Annotated[tuple[str, ...], Field(description="literal passages in which no rule fires")] = ()
    allow_patterns: Annotated[
        tuple[str, ...], Field(description="linear-time regexes; no rule fires inside what they match")
    ] = ()
    phone_regions: Annotated[
        tuple[str, ...], Field(description="ISO 3166 regions whose national telephone numbers count")
    ] = ("US",)
    allow_digests: Annotated[
        tuple[str, ...], Field(description="SHA-256 (hexadecimal) of whole texts that are always allowed by rules")
    ] = ()


class TemporalSettings(_Section):
    """Session behaviour."""

    sessions_max: Annotated[
        int, Field(ge=1, le=10_000_000, description="sessions held in memory; the least recently used goes first")
    ] = SESSIONS_MAX
    session_ttl_s: Annotated[float, Field(gt=0, description="a session without events for this long is forgotten")] = (
        86_400.0
    )
    recurrent: Annotated[
        bool, Field(description="ask the recurrent network over the turns of a session, if its model file is there")
    ] = True


class PatternsSettings(_Section):
    """Classifier and pattern store."""

    enabled: Annotated[bool, Field(description="run the patterns stage")] = True
    profile: Annotated[
        Profile,
        Field(
            description="fast: no transformer; balanced: a small one reads what is not certain, a larger one what is "
            "then in doubt; thorough: they read nearly everything"
        ),
    ] = Profile.BALANCED
    second_look_ms: Annotated[
        float, Field(gt=0, description="transformers on one event; what they have not read by then is undecided")
    ] = 1000.0
    second_look_threads: Annotated[
        int, Field(ge=0, le=64, description="threads of one transformer run; 0 = two, if there are two processors")
    ] = 0
    classifier_model: Annotated[
        str | None,
        Field(
            description="own sequence classifier as a further opinion: a folder, or a name on the Hugging Face hub, "
            "which is fetched"
        ),
    ] = None
    classifier_labels: Annotated[
        tuple[str, ...], Field(description="its labels that mean attack; none = the second of two")
    ] = ()
    classifier_weight: Annotated[
        float, Field(gt=0, le=100, description="weight of its logit beside the 1 of all shipped models together")
    ] = 1.0
    store: Annotated[
        Path | None, Field(description="file of the own pattern store; none = the shipped seed patterns only")
    ] = None
    models: Annotated[Path | None, Field(description="folder of other model files than the shipped ones")] = None
    cache_entries: Annotated[int, Field(ge=0, le=1_000_000, description="texts whose result is remembered")] = 4096


class BudgetSettings(_Section):
    """Time limits. Kernels are bounded by work; these catch a machine that is overloaded."""

    total_ms: Annotated[
        float, Field(gt=0, description="one event in all stages; what has not run by then leaves it undecided")
    ] = 1000.0


class AuditSettings(_Section):
    """The audit trail."""

    path: Annotated[
        str | None,
        Field(description="SQLite file of the trail, or a postgresql:// address without password; none = off"),
    ] = None
    key: Annotated[
        Path | None, Field(description="private key that signs the trail (`aimds audit key new`); needed with a path")
    ] = None
    public_keys: Annotated[
        tuple[str, ...], Field(description="keys that `aimds audit verify` trusts: hexadecimal, or files")
    ] = ()
    record: Annotated[AuditRecords, Field(description="all verdicts, or not_allowed: those that are not ALLOW")] = (
        AuditRecords.ALL
    )
    text: Annotated[
        AuditText, Field(description="redacted: length and digest; kept: its beginning too, secrets starred out")
    ] = AuditText.REDACTED
    on_failure: Annotated[
        AuditFailure, Field(description="answer when a record cannot be written: block, or allow the verdict to stand")
    ] = AuditFailure.BLOCK
    durability: Annotated[
        AuditDurability, Field(description="what a record survives: a loss of power, or only the death of the process")
    ] = AuditDurability.POWER
    checkpoint_records: Annotated[
        int, Field(ge=1, le=100_000, description="records after which the trail is signed")
    ] = 256
    checkpoint_s: Annotated[
        float, Field(gt=0, le=86_400, description="time after which what is not signed yet is signed")
    ] = 60.0
    keep_days: Annotated[
        float, Field(ge=0, le=36_500, description="records older than this are dropped; 0 = never")
    ] = 0.0
    keep_records: Annotated[
        int, Field(ge=0, description="records kept at least; what is older is dropped; 0 = all")
    ] = 0


class VerifySettings(_Section):
    """Policies that judge every event."""

    policies: Annotated[
        tuple[str, ...],
        Field(max_length=16, description="policy files (.policy), or names of shipped sets; none = no policies"),
    ] = ("starter",)
    checker: Annotated[
        CheckerKind,
        Field(
            description="who else must accept a certificate: stream (a program that reads the export stream), nanoda, "
            "lean, endpoint (a service); none"
        ),
    ] = CheckerKind.NONE
    checker_command: Annotated[
        tuple[str, ...],
        Field(max_length=32, description="its program and arguments; none = nanoda_bin or lean on the PATH"),
    ] = ()
    checker_endpoint: Annotated[
        str | None, Field(description="address of the service, https or this machine; none = $LEAN_ENDPOINT")
    ] = None
    checker_severity: Annotated[
        CheckerSeverity, Field(description="severity from which on it is asked: high or critical")
    ] = CheckerSeverity.CRITICAL
    checker_ms: Annotated[float, Field(gt=0, le=60_000, description="time for one answer")] = 5000.0


class Settings(BaseSettings):
    """All settings: `Settings()` reads arguments and environment, `Settings.load()` the file too.

    Raises:
        ConfigurationError: `configuration-invalid`, naming the setting or the variable.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid")

    decide: DecideSettings = DecideSettings()
    signatures: SignaturesSettings = SignaturesSettings()
    temporal: TemporalSettings = TemporalSettings()
    patterns: PatternsSettings = PatternsSettings()
    verify: VerifySettings = VerifySettings()
    budget: BudgetSettings = BudgetSettings()
    audit: AuditSettings = AuditSettings()

    @model_validator(mode="wrap")
    @classmethod
    def _typed(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """A section that does not exist as an error of AIMDS; what is wrong in one has been said by the section."""
        with _refused():
            return handler(data)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment; the file comes in through `load`."""
        return init_settings, EnvironmentSource(settings_cls)

    @classmethod
    def load(cls, path: str | Path | None = None, **overrides: Any) -> Settings:
        """Reads arguments, environment and TOML file.

        Args:
            path: the TOML file; `None` looks at `$AIMDS_CONFIG`, then at `aimds.toml` here.
            overrides: whole sections as mappings, e.g. `decide={"block_threshold": 0.9}`.

        Raises:
            ConfigurationError: `configuration-invalid`, naming the source and the setting.
        """
        file = _configuration_file(path)
        reader = cls if file is None else _with_file(file)
        try:
            return reader(**overrides)
        except ConfigurationError as fault:
            place = str(fault.fields["place"])
            if file is None or place.upper().startswith(PREFIX):
                raise
            place = f"{place} (file {file}, environment or arguments)"
            raise ConfigurationError(fault.code, place=place, reason=fault.fields["reason"]) from None
        except (OSError, ValueError) as fault:
            raise ConfigurationError(
                ErrorCode.CONFIGURATION_INVALID, place=str(file or "environment"), reason=str(fault)
            ) from None


def _configuration_file(path: str | Path | None) -> Path | None:
    if path is None:
        named = os.environ.get("AIMDS_CONFIG")
        if named is None:
            default = Path(_DEFAULT_FILE)
            return default if _is_file(default) else None
        path = named
    try:
        file = Path(path)
    except TypeError:
        reason = f"expected the path of a TOML file, got {type(path).__name__}"
        raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place="Settings.load(path)", reason=reason) from None
    if not _is_file(file):
        raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place=str(file), reason="no such file")
    return file


def _is_file(path: Path) -> bool:
    """Whether it is there; an error where nobody can tell, for the file could hold stricter settings."""
    try:
        return path.is_file()
    except OSError as fault:
        reason = f"cannot be looked at: {fault.strerror or type(fault).__name__}"
        raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place=str(path), reason=reason) from fault


def _with_file(file: Path) -> type[Settings]:
    class _SettingsWithFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (
                init_settings,
                EnvironmentSource(settings_cls),
                TomlConfigSettingsSource(settings_cls, toml_file=file),
            )

    return _SettingsWithFile
