"""The weak-network range: networks as data, and the same network for whoever is tried on it.

Enters: scenario files. Leaves: what such a network does to each packet, in virtual time and on
real sockets.
"""

from visavis.netlab.network import Fate, Fates, Network, Reason, Way
from visavis.netlab.scenario import (
    Origin,
    Scenario,
    dump_scenario,
    json_schema,
    load_scenario,
    parse_scenario,
    save_scenario,
)

__all__ = [
    "Fate",
    "Fates",
    "Network",
    "Origin",
    "Reason",
    "Scenario",
    "Way",
    "dump_scenario",
    "json_schema",
    "load_scenario",
    "parse_scenario",
    "save_scenario",
]
