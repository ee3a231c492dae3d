"""The public names, once: type checkers read this file, and `mumer_data/__init__.py` makes its lazy table from it."""

from mumer_data._version import __version__ as __version__
from mumer_data.alignment.align import EditScript as EditScript
from mumer_data.alignment.corrections import apply_log as apply_log
from mumer_data.api.audit import AuditResult as AuditResult

# doubtful labels
from mumer_data.api.audit import audit as audit
from mumer_data.api.datasets import DatasetBuild as DatasetBuild
from mumer_data.api.datasets import build as build
from mumer_data.api.datasets import build_dataset as build_dataset
from mumer_data.api.errors import MinedErrors as MinedErrors

# errors of a model
from mumer_data.api.errors import align as align
from mumer_data.api.errors import correction as correction
from mumer_data.api.errors import mine_errors as mine_errors
from mumer_data.api.evaluation import CdmResult as CdmResult
from mumer_data.api.evaluation import cdm as cdm
from mumer_data.api.evaluation import compare as compare

# evaluation
from mumer_data.api.evaluation import evaluate as evaluate
from mumer_data.api.images import AugmentedImage as AugmentedImage
from mumer_data.api.images import Handwriting as Handwriting
from mumer_data.api.images import augment as augment

# images
from mumer_data.api.images import handwrite as handwrite
from mumer_data.api.labels import ChatSample as ChatSample
from mumer_data.api.labels import normalize as normalize
from mumer_data.api.labels import task as task
from mumer_data.api.recognition import recognize as recognize

# votes
from mumer_data.api.votes import vote as vote
from mumer_data.exceptions import LatexSyntaxError as LatexSyntaxError
from mumer_data.exceptions import MumerError as MumerError
from mumer_data.exceptions import TreeTextError as TreeTextError
from mumer_data.handwriting.writer import WriterStyle as WriterStyle
from mumer_data.jobs.build import BuildResult as BuildResult
from mumer_data.jobs.config import Pipeline as Pipeline
from mumer_data.jobs.config import load_pipeline as load_pipeline
from mumer_data.jobs.mine import mine as mine
from mumer_data.latex.counts import read_counts as read_counts
from mumer_data.latex.counts import symbol_count_text as symbol_count_text
from mumer_data.latex.counts import symbol_counts as symbol_counts
from mumer_data.latex.deserialize import read_label as read_label
from mumer_data.latex.deserialize import read_tree as read_tree
from mumer_data.latex.expression import Expression as Expression

# labels and trees
from mumer_data.latex.parser import parse as parse
from mumer_data.latex.serialize import label_text as label_text
from mumer_data.latex.serialize import tree_text as tree_text
from mumer_data.latex.to_latex import to_latex as to_latex
from mumer_data.latex.tree import Symbol as Symbol
from mumer_data.latex.tree import SymbolTree as SymbolTree
from mumer_data.metrics.compare import Comparison as Comparison
from mumer_data.metrics.evaluate import Evaluation as Evaluation
from mumer_data.metrics.rating import rate as rate

# records and errors
from mumer_data.records import Example as Example
from mumer_data.records import Reject as Reject
from mumer_data.records import Sample as Sample

# samples and datasets
from mumer_data.tasks import TASKS as TASKS
from mumer_data.voting.decide import Vote as Vote

__all__: list[str]

def __dir__() -> list[str]: ...
