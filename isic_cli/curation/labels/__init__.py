"""Challenge labels from the archive's diagnosis tree, by versioned tables with reasons.

`README.md` beside this file says where each table comes from, how far it agrees with the ground
truth of its challenge, and explains every disagreement.
"""

from isic_cli.curation.labels.legacy import TreeDecision, diagnosis_of, to_tree
from isic_cli.curation.labels.scheme import SCHEMES, UNMAPPED, Decision, Rule, Scheme, load_scheme
from isic_cli.curation.labels.tree import node_named, path_of

__all__ = [
    "SCHEMES",
    "UNMAPPED",
    "Decision",
    "Rule",
    "Scheme",
    "TreeDecision",
    "diagnosis_of",
    "load_scheme",
    "node_named",
    "path_of",
    "to_tree",
]
