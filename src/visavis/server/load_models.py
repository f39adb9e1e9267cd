"""From settings to models: embedded ones, remote ones, or a mixture."""

from __future__ import annotations

from visavis.models.protocols import ModelSet
from visavis.settings import Settings


def load_models(settings: Settings) -> ModelSet:
    """Open what the settings name. Blocks for seconds. WeightsError, ModelError."""
    raise NotImplementedError
