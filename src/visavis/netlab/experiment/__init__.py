"""Experiments: every strategy on every scenario, many seeds, in parallel, to be gone on with.

In: names of scenarios and strategies (`experiment`). Out: a folder with one row a trial
(`trials.parquet`), what happened when in the first of each (`timelines.parquet`), and a page. The
same experiment gives the same bytes, whatever the number of processes and however often it was
stopped on the way.
"""

from visavis.netlab.experiment.experiment import Experiment, experiment
from visavis.netlab.experiment.run import run_experiment
from visavis.netlab.experiment.strategies import SHIPPED, SendStrategy, find_strategies
from visavis.netlab.experiment.table import COLUMNS, read_rows
from visavis.netlab.experiment.trial import Depth, Result, Trial, run_trial

__all__ = [
    "COLUMNS",
    "SHIPPED",
    "Depth",
    "Experiment",
    "Result",
    "SendStrategy",
    "Trial",
    "experiment",
    "find_strategies",
    "read_rows",
    "run_experiment",
    "run_trial",
]
