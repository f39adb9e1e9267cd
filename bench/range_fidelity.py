"""Are the patterns like the networks they were mined from?

The shipped patterns were fitted with every second recording held out. Each of those is compared
with the scenario, measured the same way. `--fit` fits again instead of taking what is shipped.

Rows say what was compared: `real` of the recordings held out, `synthetic` of the scenario,
`fitted` of the other recordings, which shows how far real networks lie apart. Where nothing could
be held out (a single recording) `ok` is null, and the row counts for nothing. `ranking τ`: whether
ways to send are ranked alike, see bench/fidelity/ranking.py; `fitted` is that of real against real.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

from fidelity.ranking import ranking_row, strategies
from harness import arguments, config_hash, finish, table
from visavis.netlab import load_scenario
from visavis.netlab.mine.groups import SHIPPED, grouped, load_groups
from visavis.netlab.mine.mining import mine, split
from visavis.netlab.mine.readers import read_all, trace_files
from visavis.netlab.mine.session import Session
from visavis.netlab.scenario import Scenario
from visavis.netlab.validate import Row, compare

TRACES = Path("/work/shared/traces")
PATTERNS = Path(__file__).parents[1] / "src/visavis/netlab/patterns"
AUC = "classifier AUC"
TAU = "ranking τ"


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--fit", action="store_true", help="fit again, not the shipped patterns")
    options = parser.parse_args()
    if not options.traces.is_dir():
        sys.exit(f"{options.traces} is not there: the recordings are not part of visavis; "
                 "docs/netlab.md says where they come from")  # fmt: skip
    seeds = range(1, 3 if options.quick else 9)
    rows: list[Row] = []
    for scenario, fitted, held_out in patterns(options.traces, options.fit):
        rows += compare(scenario, fitted, held_out, seeds)
        ranked = ranking_row(scenario, fitted, held_out, seeds[:2])
        rows += [ranked] if ranked is not None else []
    counted = [row for row in rows if row.ok is not None]
    told, taus = (
        [row.synthetic for row in counted if row.statistic == name] for name in (AUC, TAU)
    )
    shown = [
        {**asdict(row), "ok": {True: "yes", False: "**no**", None: "not held out"}[row.ok]}
        for row in rows
    ]
    good = sum(row.ok is True for row in counted)
    text = (
        f"{table(shown)}\n\n{good} of {len(counted)} rows with recordings held out are within "
        f"tolerance (the worst AUC and τ are `auc` and `tau`; {len(strategies())} ways to send)."
    )
    figures = {
        "n": len(counted),
        "rows": [asdict(row) for row in rows],
        "tau": min(taus, default=None),
        "auc": max(told) if told else None,
        "within": good,
        "config_hash": config_hash({"seeds": len(seeds), "fit": options.fit}),
    }
    finish(options, "range_fidelity", text, figures)


def patterns(traces: Path, fit: bool) -> list[tuple[Scenario, list[Session], list[Session]]]:
    """Each mined pattern with the recordings it was fitted from and those held out."""
    groups = grouped(read_all(trace_files([traces])), load_groups(SHIPPED))
    if fit:
        return [(each.scenario, list(each.fitted), list(each.held_out)) for each in mine(groups)]
    return [
        (load_scenario(PATTERNS / f"{group.name}.toml"), *split(members))
        for group, members in groups
    ]


if __name__ == "__main__":
    main()
