"""The report of an experiment, or of a run: one HTML file that needs nothing else, and follows the reader's light or dark.

- markup.py: the parts of it, which the Results page shows too: claims, table, breakdowns
- pictures.py: its figures as inline SVG
- sections.py: what comes after what; of_run.py: the same of a single run
- of_stability.py, stability_markup.py: the same of a stability experiment
- file.py: the whole file
- style.css: how it looks; colours are variables, which the app sets by its own theme
"""

from ftft.workspace.report.file import page, page_of_run, report_of, variables, write
from ftft.workspace.report.of_stability import FIGURES as STABILITY_FIGURES
from ftft.workspace.report.pictures import FIGURES
from ftft.workspace.report.sections import Report, Section

__all__ = ["FIGURES", "STABILITY_FIGURES", "Report", "Section", "page", "page_of_run", "report_of", "variables", "write"]
