"""All tables by name, as the templates call them."""

from rantau.stages.report.adapter_tables import adapter, shared, switches
from rantau.stages.report.data_tables import composition, drops, fertility, sources
from rantau.stages.report.result_tables import references, summary
from rantau.stages.report.run_tables import machine, stages, versions
from rantau.stages.report.table import TAGS
from rantau.stages.report.training_tables import settings, training
from rantau.stages.report.vocabulary_tables import examples, vocabulary

__all__ = [
    "TAGS", "adapter", "composition", "drops", "examples", "fertility", "machine", "references",
    "settings", "shared", "sources", "stages", "summary", "switches", "training", "versions", "vocabulary",
]  # fmt: skip
