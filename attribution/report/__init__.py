"""The report: one page that can be mailed, and the same figures for machines."""
