"""The models of a server: loaded beside the event loop, measured, shared by all calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog

from visavis.errors import BusyError, ModelError, VisavisError
from visavis.models.fallback import Standing, standings
from visavis.models.protocols import ModelSet
from visavis.server.admission import capacity, measure
from visavis.server.load_models import load_models
from visavis.settings import Settings

log = structlog.get_logger(__name__)

State = Literal["loading", "ready", "failed"]
MOST_CALLS = 200
"""What `auto` admits where no model runs here."""


class ModelHub:
    """`start` returns at once; until `state` is `ready`, `require` refuses calls."""

    def __init__(
        self,
        settings: Settings,
        models: ModelSet | None = None,
        load: Callable[[Settings], Awaitable[ModelSet]] = load_models,
        on_loaded: Callable[[ModelSet], None] | None = None,
    ) -> None:
        """With `models` given they are used as they are, and `auto` admits `MOST_CALLS`.
        `on_loaded` is told of them before the first call is let in."""
        self._settings = settings
        self._load = load
        self._on_loaded = on_loaded
        self._models = models
        self._given = models is not None
        self._task: asyncio.Task[None] | None = None
        self.state: State = "loading"
        self.problem = ""
        """Why loading failed, a sentence."""
        self.problem_code = ""
        self.capacity = 0
        """Calls at once."""

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name="visavis-models")

    async def wait(self) -> None:
        """Until loading has succeeded or failed."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def require(self, running: int) -> ModelSet:
        """The models, for one call more than the `running` ones. BusyError, ModelError."""
        if self.state == "failed":
            error = ModelError(self.problem)
            error.code = self.problem_code
            raise error
        if self._models is None or self.state != "ready":
            raise BusyError("the models are still loading; try again in a few seconds.")
        if running >= self.capacity:
            raise BusyError(
                f"all {self.capacity} places are taken: this machine's models carry no more calls "
                f"at once. Try again later."
            )
        return self._models

    def standings(self) -> list[Standing]:
        """How the models' providers do."""
        return [] if self._models is None else standings(self._models)

    async def _run(self) -> None:
        try:
            if self._models is None:
                self._models = await self._load(self._settings)
            if self._on_loaded is not None:
                self._on_loaded(self._models)
            self.capacity = await self._measure(self._models)
            self.state = "ready"
            log.info("models.ready", capacity=self.capacity)
        except VisavisError as error:
            self._fail(error.code, str(error))
        except Exception as error:
            log.exception("models.failed")
            self._fail("model_error", f"the models could not be loaded: {type(error).__name__}.")

    def _fail(self, code: str, problem: str) -> None:
        self.problem_code, self.problem = code, problem
        self.state = "failed"
        log.error("models.unavailable", code=code, problem=problem)

    async def _measure(self, models: ModelSet) -> int:
        setting = self._settings.admission.max_calls
        chosen = self._settings.models
        local = frozenset(
            kind
            for kind, provider in (("stt", chosen.stt), ("llm", chosen.llm), ("tts", chosen.tts))
            if provider == "embedded" and not self._given
        )
        # Measuring also warms the models, so it is done whatever the setting says.
        costs = await measure(models, local=local)
        if local:
            log.info("models.measured", **{n: round(getattr(costs, n), 4) for n in costs.__slots__})
        return capacity(costs, most=MOST_CALLS) if setting == "auto" else setting

    async def aclose(self) -> None:
        """Stop loading, close what was loaded. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        models, self._models = self._models, None
        if models is not None and not self._given:
            await models.aclose()
