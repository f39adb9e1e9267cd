"""Can a machine tell two sets of sessions apart? A fixed classifier, so that figures compare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visavis.netlab.mine.extra import needs
from visavis.netlab.mine.features import features
from visavis.netlab.mine.session import Floats, Session
from visavis.netlab.mine.stalls import find_stalls

FOLDS = 4
MAX_WINDOWS = 4000
"""Of each set."""


def auc(one: Sequence[Session], other: Sequence[Session]) -> float | None:
    """Area under the curve of a forest that sees windows of a second, tested on sessions it was
    not trained on: 0.5 cannot tell, 1 always. None if there are too few sessions or windows."""
    rows, labels, sessions = [], [], []
    for label, members in enumerate((one, other)):
        for each in members:
            if each.windows is not None or np.isnan(each.delay_s).all():
                continue
            found = described(each)
            rows.append(found)
            labels += [label] * found.shape[0]
            sessions += [len(rows)] * found.shape[0]
    if not rows:
        return None
    table, truth, groups = np.vstack(rows), np.array(labels), np.array(sessions)
    counts = [len(set(groups[truth == label].tolist())) for label in (0, 1)]
    if min(counts) < 2 or min(np.bincount(truth, minlength=2)) < 50:
        return None
    chosen = _at_most(truth, MAX_WINDOWS)
    table, truth, groups = table[chosen], truth[chosen], groups[chosen]
    ensemble, selection = needs("sklearn.ensemble"), needs("sklearn.model_selection")
    forest = ensemble.RandomForestClassifier(
        n_estimators=150, min_samples_leaf=5, class_weight="balanced", random_state=0, n_jobs=1
    )
    folds = selection.StratifiedGroupKFold(n_splits=min(FOLDS, *counts))
    guesses = selection.cross_val_predict(
        forest, table, truth, groups=groups, cv=folds, method="predict_proba"
    )[:, 1]
    return float(needs("sklearn.metrics").roc_auc_score(truth, guesses))


def described(session: Session) -> Floats:
    """[windows, features]; what the source does not show is 0 in all."""
    found = features(session, find_stalls(session))
    columns = [
        found.loss,
        found.longest_burst,
        found.delay_p50_s,
        found.delay_p95_s,
        found.delay_max_s,
        found.jitter_s,
        found.stalled,
        found.outage,
    ]
    return np.nan_to_num(np.column_stack(columns))


def _at_most(truth: np.ndarray, most: int) -> np.ndarray:
    """Evenly spaced rows, at most so many of each label."""
    kept = []
    for label in (0, 1):
        rows = np.flatnonzero(truth == label)
        kept.append(rows[np.linspace(0, rows.size - 1, min(rows.size, most)).astype(int)])
    return np.concatenate(kept)
