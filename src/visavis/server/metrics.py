"""What operators watch: calls, turns, latency from the ledgers, lateness of the media tick."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from visavis.conversation.ledger import Ledger, Stage
from visavis.models.fallback import Health, Standing

BUCKETS = (-1, -0.5, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10)
LINE_STATS = {
    "tick_late_p50_ms": "Lateness of the media tick, median, milliseconds",
    "tick_late_p99_ms": "Lateness of the media tick, 99th percentile, milliseconds",
    "tick_late_max_ms": "Lateness of the media tick, largest, milliseconds",
    "packets_in": "Packets received",
    "packets_out": "Packets sent",
    "red_in": "Packets received as RED: with copies of earlier ones, or a repair",
    "red_out": "Packets sent as RED: with copies of earlier ones, or a repair",
    "repairs_in": "Repairs of sliding-window FEC received",
    "repairs_out": "Repairs of sliding-window FEC sent",
    "repaired": "Packets that repairs made whole",
    "packets_dropped": "Packets that belonged to no call or could not be read",
    "core_share": "Share of a core that the media thread took over the last 5 s, 0 to 1",
    "batches_dropped": "Batches lost because Python did not fetch them",
}

Stats = Callable[[], dict[str, float]]


class Metrics:
    """One registry a server, so that several servers may live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.active = Gauge("visavis_calls_active", "Running calls", registry=self.registry)
        self.ended = Counter(
            "visavis_calls",
            "Calls that ended, by transport and reason",
            ["transport", "reason"],
            registry=self.registry,
        )
        self.refused = Counter(
            "visavis_calls_refused",
            "Calls that were not taken, by error code",
            ["code"],
            registry=self.registry,
        )
        self.turns = Counter(
            "visavis_turns",
            "Turns, by whether interrupted",
            ["interrupted"],
            registry=self.registry,
        )
        self.stages = Histogram(
            "visavis_stage_seconds",
            "From the end of the person's speech to each stage of the answer",
            ["stage"],
            buckets=BUCKETS,
            registry=self.registry,
        )

    def watch_line(self, stats: Stats) -> None:
        """Read the native line's counters at each scrape."""
        self.registry.register(_LineCollector(stats))

    def watch_models(self, standings: Callable[[], list[Standing]]) -> None:
        """Read how the models' providers do at each scrape."""
        self.registry.register(_ProviderCollector(standings))

    def turn(self, ledger: Ledger) -> None:
        """Count a complete turn."""
        self.turns.labels(interrupted=str(ledger.interrupted).lower()).inc()
        for stage in Stage:
            ms = ledger.ms(stage)
            if ms is not None:
                self.stages.labels(stage=stage.value).observe(ms / 1e3)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)


class _LineCollector(Collector):
    def __init__(self, stats: Stats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[GaugeMetricFamily]:
        stats = self._stats()
        for name, text in LINE_STATS.items():
            if name in stats:
                yield GaugeMetricFamily(f"visavis_line_{name}", text, value=stats[name])


class _ProviderCollector(Collector):
    def __init__(self, standings: Callable[[], list[Standing]]) -> None:
        self._standings = standings

    def collect(self) -> Iterator[Metric]:
        labels = ["kind", "provider"]
        good = GaugeMetricFamily(
            "visavis_provider_good", "1 unless its last answer failed", labels=labels
        )
        answers = CounterMetricFamily(
            "visavis_provider_answers", "Requests a provider answered", labels=labels
        )
        failures = CounterMetricFamily(
            "visavis_provider_failures", "Requests it failed or was late for", labels=labels
        )
        for each in self._standings():
            who = [each.kind, each.name]
            good.add_metric(who, float(each.health is Health.GOOD))
            answers.add_metric(who, each.answers)
            failures.add_metric(who, each.failures)
        yield from (good, answers, failures)
