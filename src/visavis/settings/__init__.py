"""Settings: from flags, environment and a TOML file, in this order of strength.

    visavis.toml                     environment
    [http]                           VISAVIS_HTTP__PORT=9000
    port = 8080                      OPENAI_API_KEY, OPENAI_BASE_URL (as the openai client reads)

A wrong setting raises SettingsError with a sentence that names it, where it came from, its value
(never a secret) and what would be right.
"""

from visavis.settings.load import load_settings, plan_from_event, plan_from_flag
from visavis.settings.plan import LineSettings, PlanSettings
from visavis.settings.sections import (
    AdmissionSettings,
    AgentSettings,
    HttpSettings,
    IceServer,
    LimitSettings,
    LogSettings,
    ModelSettings,
    NetworkSettings,
    OpenAISettings,
    Settings,
    StoreSettings,
    default_data_dir,
)

__all__ = [
    "AdmissionSettings",
    "AgentSettings",
    "HttpSettings",
    "IceServer",
    "LimitSettings",
    "LineSettings",
    "LogSettings",
    "ModelSettings",
    "NetworkSettings",
    "OpenAISettings",
    "PlanSettings",
    "Settings",
    "StoreSettings",
    "default_data_dir",
    "load_settings",
    "plan_from_event",
    "plan_from_flag",
]
