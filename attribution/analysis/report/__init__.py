"""The verb report: the page of a study, from the folders of its finished stages."""

from attribution.analysis.report.page import report

__all__ = ["report"]
