"""Weak networks for the tests of voice agents, with pytest: docs/check.md.

Fixtures `weak_network`, `netlab_agent` and `netlab_url`, and the marker `networks`. Whoever uses
none of them pays for the import of this file alone: everything else is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from visavis.netlab.check import NetworkResult

MARKER = (
    "networks(*names, **check): the networks a test is run on, by name, TOML file or set (default: "
    "voice12), and what else a check knows, such as calls=3 (visavis netlab check)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("visavis")
    group.addoption(
        "--netlab-agent",
        metavar="URL",
        default=None,
        help="The agent that `netlab_agent` calls. Default: visavis itself, in virtual time.",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("networks")
    if "weak_network" not in metafunc.fixturenames:
        return
    from visavis.errors import VisavisError
    from visavis.netlab.check import make_check
    from visavis.netlab.library import find

    given = list(marker.args) if marker is not None and marker.args else None
    try:
        names = make_check(networks=given).all_networks()
        for name in names:
            find(name)
    except VisavisError as error:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: {error}") from error
    metafunc.parametrize("weak_network", names)


@pytest.fixture
def weak_network() -> str:
    """The name of the network this test runs on. (`pytest_generate_tests` gives the values.)"""
    raise pytest.UsageError("weak_network is used where tests cannot be parametrised")


@pytest.fixture(scope="session")
def netlab_url(pytestconfig: pytest.Config) -> str | None:
    """The agent's URL; None is visavis itself in virtual time. Override it in conftest.py with a
    fixture that starts your agent."""
    url: str | None = pytestconfig.getoption("--netlab-agent")
    return url


class NetlabAgent:
    """An agent on one weak network."""

    def __init__(
        self, network: str, options: dict[str, Any], keep: Callable[[NetworkResult], None]
    ) -> None:
        self.network = network
        self._options = options
        self._keep = keep

    def call(self, **options: Any) -> NetworkResult:
        """Place the calls and measure them. `options` are those of a check file: `calls`, `seed`,
        `say`, `heard_from`, `signalling`, `wait_s` …

        From any thread, also one in which an event loop runs, which stands still meanwhile: an
        agent that lives in it is called with `await netlab_agent.acall()`. CheckError,
        ScenarioError, AudioError for what is wrong with the call; CallFailed if the agent cannot
        be reached at all.
        """
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._call, options).result()

    async def acall(self, **options: Any) -> NetworkResult:
        """`call`, while this event loop goes on."""
        import asyncio

        return await asyncio.to_thread(self._call, options)

    def _call(self, options: dict[str, Any]) -> NetworkResult:
        from visavis.netlab.check import NetworkResult, make_check
        from visavis.netlab.check.run import place_call

        check = make_check(**{**self._options, **options, "networks": [self.network]})
        calls = tuple(place_call(check, self.network, n) for n in range(check.calls))
        result = NetworkResult(self.network, calls, check.limits_on(self.network))
        self._keep(result)
        return result


@pytest.fixture
def netlab_agent(
    request: pytest.FixtureRequest, weak_network: str, netlab_url: str | None
) -> NetlabAgent:
    """The agent on this test's network: `netlab_agent.call()` gives what was measured."""
    marker = request.node.get_closest_marker("networks")
    options = {"agent": netlab_url, "calls": 1, **(marker.kwargs if marker is not None else {})}

    def keep(result: NetworkResult) -> None:
        # Shown if the test fails.
        request.node.add_report_section("call", "visavis netlab", str(result))

    return NetlabAgent(weak_network, options, keep)
