"""A report as JUnit XML, which CI systems show: a test case for each network."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from visavis.netlab.check.run import Report
from visavis.netlab.check.verdict import Outcome

SUITE = "visavis.netlab.check"


def junit_xml(report: Report) -> str:
    """The document. What failed is a failure; what could not be run or measured an error."""
    outcomes = [result.outcome for result in report.results]
    suite = ElementTree.Element(
        "testsuite",
        name=SUITE,
        tests=str(len(outcomes)),
        failures=str(outcomes.count(Outcome.FAILED)),
        errors=str(len(outcomes) - outcomes.count(Outcome.FAILED) - outcomes.count(Outcome.PASSED)),
    )
    for result in report.results:
        case = ElementTree.SubElement(suite, "testcase", classname=SUITE, name=result.network)
        if result.outcome is Outcome.FAILED:
            ElementTree.SubElement(case, "failure", message=_clean(result.why()))
        elif result.outcome is not Outcome.PASSED:
            ElementTree.SubElement(case, "error", message=_clean(result.why()))
        ElementTree.SubElement(case, "system-out").text = _clean(json.dumps(result.to_dict()))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _clean(text: str) -> str:
    """Without the control characters that XML 1.0 cannot hold: an agent's words may be quoted."""
    return "".join(c if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff"
                   else " " for c in text)  # fmt: skip
