"""All tables by name, as the templates call them."""

from rantau.stages.report.data_tables import composition, drops, fertility, sources
from rantau.stages.report.result_tables import references, summary
from rantau.stages.report.run_tables import adapter, machine, stages, switches, training, versions
from rantau.stages.report.table import TAGS

__all__ = [
    "TAGS", "adapter", "composition", "drops", "fertility", "machine", "references", "sources", "stages",
    "summary", "switches", "training", "versions",
]  # fmt: skip
