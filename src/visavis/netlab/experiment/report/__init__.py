"""An experiment's results as one HTML file that needs nothing else: no fonts, no network."""

from visavis.netlab.experiment.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
