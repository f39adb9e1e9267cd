"""The sections of the settings: names, defaults, and what is allowed."""

from __future__ import annotations

import ipaddress
import json
import os
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from visavis.seam import CallLimits
from visavis.seam import NetworkSettings as MediaNetwork
from visavis.settings.plan import LineSettings
from visavis.settings.section import Section

Port: TypeAlias = Annotated[int, Field(ge=0, le=65_535)]
Provider: TypeAlias = Literal["embedded", "openai", "scripted"]
Language: TypeAlias = Literal["en", "zh"]
Phrases: TypeAlias = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=80)]], Field(max_length=20)
]
ByLanguage: TypeAlias = dict[Language, Phrases]
"""In the environment separated by `|`."""
ServiceName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class HttpSettings(Section):
    host: str = "127.0.0.1"
    port: Port = 8080
    """0 lets the system choose."""
    tls_cert: Path | None = None
    """PEM files; phones give no microphone to a page without TLS."""
    tls_key: Path | None = None
    api_key: SecretStr | None = None
    """If set, calls need `Authorization: Bearer <key>` (or `?key=` from the page)."""
    root_path: str = ""
    """The path under which a proxy serves us."""

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @model_validator(mode="after")
    def _both_tls_files(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together: set both or neither")
        for path in (self.tls_cert, self.tls_key):
            if path is not None and not path.is_file():
                raise ValueError(f"there is no file {path}")
        return self


class IceServer(Section):
    """As `RTCIceServer` in the browser."""

    urls: list[str] = Field(min_length=1)
    username: str | None = None
    credential: SecretStr | None = None

    @field_validator("urls")
    @classmethod
    def _schemes(cls, urls: list[str]) -> list[str]:
        for url in urls:
            if not url.startswith(("stun:", "stuns:", "turn:", "turns:")):
                raise ValueError(f"{url!r} should begin with stun:, stuns:, turn: or turns:")
        return urls


class NetworkSettings(Section):
    host: str | None = None
    """Address the media socket binds; by default 127.0.0.1 if HTTP is on loopback, else all."""
    public_ips: list[str] = Field(default_factory=list)
    udp_ports: tuple[Port, Port] = (0, 0)
    """Inclusive range; also written as "50000-50100"."""
    ice_servers: list[IceServer] = Field(default_factory=list)
    """Told to clients."""

    @field_validator("udp_ports", mode="before")
    @classmethod
    def _range(cls, value: object) -> object:
        if isinstance(value, str):
            low, _, high = value.partition("-")
            return (low.strip(), (high or low).strip())
        return value

    @field_validator("udp_ports")
    @classmethod
    def _ordered(cls, value: tuple[int, int]) -> tuple[int, int]:
        if value[0] > value[1] or (value[0] == 0 and value[1] != 0):
            raise ValueError("the first port must be at least 1 and not above the last")
        return value

    @field_validator("public_ips", mode="before")
    @classmethod
    def _commas(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("ice_servers", mode="before")
    @classmethod
    def _json_or_urls(cls, value: object) -> object:
        if isinstance(value, str) and value.lstrip().startswith("["):
            return json.loads(value)
        if isinstance(value, str):
            return [{"urls": [url.strip()]} for url in value.split(",") if url.strip()]
        return value

    @field_validator("public_ips")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        for address in value:
            ipaddress.ip_address(address)
        return value


class OpenAISettings(Section):
    """An OpenAI-compatible service, for each model that is set to `openai`."""

    base_url: str = "https://api.openai.com/v1"
    llm_base_url: str | None = None
    stt_base_url: str | None = None
    tts_base_url: str | None = None
    api_key: SecretStr | None = None
    llm_model: str = "gpt-4o-mini"
    stt_model: str = "gpt-4o-mini-transcribe"
    tts_model: str = "gpt-4o-mini-tts"
    tts_voice: str = "alloy"
    first_byte_s: float = Field(default=1.7, gt=0, le=600)
    """Longest wait for the beginning of an answer; then the next provider is asked too, or the
    agent apologises."""
    idle_s: float = Field(default=1.7, gt=0, le=600)
    """Longest wait between two pieces of an answer."""

    @field_validator("base_url", "llm_base_url", "stt_base_url", "tts_base_url")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("should begin with http:// or https://")
        return value


class ModelSettings(Section):
    stt: Provider = "embedded"
    llm: Provider = "embedded"
    tts: Provider = "embedded"
    llm_size: Literal["auto", "0.5b", "1.5b"] = "auto"
    languages: list[Language] = Field(default=["en"], min_length=1)
    """What callers speak: `en`, `zh` or both, in the environment separated by commas. Chinese needs
    `pip install 'visavis[chinese]'` and `visavis models pull chinese` if a model of speech is
    embedded."""
    threads: int = Field(default=0, ge=0, le=256)
    """CPU threads of each embedded model; 0 lets the model choose."""
    fit: bool = True
    """Keep the language model's weights in the form this processor evaluates fastest, too."""
    openai: OpenAISettings = Field(default_factory=OpenAISettings)
    services: dict[ServiceName, OpenAISettings] = Field(default_factory=dict)
    """More services like `openai`, by names of your own."""
    stt_fallback: list[str] = Field(default_factory=list)
    llm_fallback: list[str] = Field(default_factory=list)
    tts_fallback: list[str] = Field(default_factory=list)
    """Who takes over when the first provider is late or fails, in order: `embedded`, `openai` or
    names of `services`; in the environment separated by commas."""

    @field_validator("languages", "stt_fallback", "llm_fallback", "tts_fallback", mode="before")
    @classmethod
    def _commas(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @model_validator(mode="after")
    def _known_providers(self) -> Self:
        known = ("embedded", "openai", *self.services)
        for kind, first in (("stt", self.stt), ("llm", self.llm), ("tts", self.tts)):
            names = self.fallbacks(kind)
            for name in names:
                if name not in known:
                    raise ValueError(
                        f"{kind}_fallback names {name!r}; there are {', '.join(known)}, and what "
                        f"a section [models.services.<name>] describes"
                    )
            if len({first, *names}) <= len(names):
                raise ValueError(f"{kind}_fallback names a provider twice, or {first!r} itself")
        return self

    @property
    def language(self) -> str | None:
        """The one that callers speak; None if it has to be found out."""
        return self.languages[0] if len(set(self.languages)) == 1 else None

    def fallbacks(self, kind: str) -> list[str]:
        """Who takes over from `stt`, `llm` or `tts`."""
        return {"stt": self.stt_fallback, "llm": self.llm_fallback, "tts": self.tts_fallback}[kind]

    def uses(self, kind: str, provider: str) -> bool:
        """Whether a provider serves `stt`, `llm` or `tts`, be it as a fallback."""
        first = {"stt": self.stt, "llm": self.llm, "tts": self.tts}[kind]
        return provider in (first, *self.fallbacks(kind))


class AgentSettings(Section):
    instructions: str | None = Field(default=None, max_length=32_768)
    """The system prompt; a friendly companion's if not set."""
    greeting: str = ""
    """Said when the call begins; nothing if empty."""
    tools: list[Path] = Field(default_factory=list)
    """Python files whose functions marked with `@function_tool` the agent may call."""
    voice: str = "default"
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    fillers: ByLanguage = Field(default_factory=dict)
    """Said when a reply keeps the person waiting, by language; none unless given."""
    acknowledgements: ByLanguage = Field(default_factory=dict)
    """Said softly into the pauses of a long turn, by language; none unless given."""
    manner: Literal["even", "expressive"] = "even"
    """Expressive: the language model may mark how a sentence is spoken (docs/conversation.md)."""
    feelings: Literal["ignore", "watch", "tell"] = "watch"
    """What becomes of how the person sounds: nothing, events, or a note to the model as well."""
    speaker: Literal["anyone", "prefer"] = "anyone"
    """Whose voice is answered: anyone's, or that of who spoke first (docs/conversation.md)."""

    @field_validator("tools", mode="before")
    @classmethod
    def _commas(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("fillers", "acknowledgements", mode="before")
    @classmethod
    def _bars(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {
            language: [part.strip() for part in said.split("|") if part.strip()]
            if isinstance(said, str)
            else said
            for language, said in value.items()
        }


class LimitSettings(Section):
    """What a stranger may use of us; see `visavis.seam.CallLimits`."""

    max_message_bytes: int = Field(default=256 * 1024, ge=1024, le=16 * 1024 * 1024)
    max_messages_per_s: float = Field(default=200.0, gt=0)
    max_audio_ahead_s: float = Field(default=60.0, gt=0, le=600)
    max_call_s: float = Field(default=3600.0, gt=0)
    silence_timeout_s: float = Field(default=30.0, gt=0)

    def for_call(self) -> CallLimits:
        return CallLimits(**self.model_dump())


class AdmissionSettings(Section):
    max_calls: Literal["auto"] | Annotated[int, Field(ge=0, le=10_000)] = "auto"
    """`auto`: as many as the models can carry on this machine."""
    retry_after_s: int = Field(default=5, ge=1, le=3600)


class StoreSettings(Section):
    enabled: bool = True
    path: Path | None = None
    """SQLite file; by default in the user's data folder."""

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path or default_data_dir() / 'visavis.db'}"


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool = False


class Settings(BaseSettings):
    """Everything `visavis serve` can be told. Use `load_settings`, which explains errors."""

    model_config = SettingsConfigDict(
        extra="forbid",
        env_prefix="VISAVIS_",
        env_nested_delimiter="__",
        # Lists in the environment are comma-separated, not JSON; validators split them.
        enable_decoding=False,
    )

    http: HttpSettings = Field(default_factory=HttpSettings)
    network: NetworkSettings = Field(default_factory=NetworkSettings)
    line: LineSettings = Field(default_factory=LineSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    agent: AgentSettings = Field(default_factory=AgentSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    admission: AdmissionSettings = Field(default_factory=AdmissionSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # `load_settings` gathers file and environment itself, because it must know where
        # each value came from; `Settings(...)` takes what it is given and nothing else.
        return (init_settings,)

    def media_network(self) -> MediaNetwork:
        """What the native line needs to know."""
        host = self.network.host or ("127.0.0.1" if self.http.is_loopback else "0.0.0.0")
        return MediaNetwork(
            host=host,
            public_ips=list(self.network.public_ips),
            udp_ports=self.network.udp_ports,
        )


def default_data_dir() -> Path:
    """Where what is kept lives: $XDG_DATA_HOME/visavis or ~/.local/share/visavis."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "visavis"
