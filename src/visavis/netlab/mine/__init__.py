"""Mining: from recordings of real networks to fitted patterns.

Enters: trace files (`readers`). Leaves: scenario files (`write`).
"""
