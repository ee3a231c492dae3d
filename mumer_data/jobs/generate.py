"""Generates labels on request and writes them with a record of request and result.

Not for sampling (see `generate`) nor for reading corpora (see `corpus`).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data import __version__
from mumer_data.exceptions import GenerationError, LatexSyntaxError, SourceError
from mumer_data.generate.collect import OUTCOMES, Candidate, Chunk, Collection, Source, collect
from mumer_data.generate.fit import Fitted, fit
from mumer_data.generate.quotas import ANY, ENDLESS, Bin, Quota, read_lengths
from mumer_data.generate.weights import SamplingWeights, Shares, shares_of
from mumer_data.io.atomic import file_sha256, remove_stale
from mumer_data.io.markers import digest_of
from mumer_data.io.storage import reached
from mumer_data.jobs.corpus import Corpus, read_corpus
from mumer_data.jobs.label_file import finished_settings, read_record, work_path, write_labels
from mumer_data.latex.grammar import load_grammar
from mumer_data.latex.normalize import normalize
from mumer_data.shards.work import WorkFolder

log = logging.getLogger(__name__)
KEY = "crohme"  # two labels that are the same under this preset are one label
_SHOWN = 50  # symbols that the record names
_LONGEST = 1 << 20  # tokens, where the record must name a number
_SIDES = ("label_symbol", "predicted_symbol")


@dataclass(frozen=True)
class Request:
    """A request for new labels.

    Attributes:
        count: number of labels.
        grammar: the corpus to learn from, or ``None`` for facts...
        families: ...of these families; empty for all.
        exclude: sources whose labels must not be drawn.
        length: tokens, as `read_lengths` reads them; ``None`` for those of the corpus, or any.
        depths: of the trees, at least and at most; ``None`` for any.
        rare, confused: shares of the symbols; see `SamplingWeights`.
        confusions: Parquet file of confusions, or ``None``.
        known: whether labels of the corpus may be drawn.
        preset: of the normaliser; ``None`` for what the corpus's pipeline says, ``crohme`` where there is none.
        seed: random seed.
    """

    count: int
    grammar: str | None = None
    families: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    length: str | None = None
    depths: tuple[int, int] | None = None
    rare: float = 0.0
    confused: float = 0.2
    confusions: Path | None = None
    known: bool = False
    preset: str | None = None
    seed: int = 0


def generate_labels(
    request: Request,
    out: Path,
    *,
    settings: tuple[str, ...] = (),
    workers: int | None = None,
    resume: bool = False,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Generate labels into ``out``, one ``id<TAB>label`` per line, and the record into ``out`` + ``.json``.

    While the run is under way, its work folder lies beside them: ``out`` + ``_work``.

    Args:
        request: what is asked for.
        out: the file; it is replaced only when all labels are there.
        settings: ``key=value`` over the corpus's pipeline file.
        workers: processes; ``None`` for one per core. The labels do not depend on it.
        resume: continue a killed run with the same request and sources; do nothing if it is finished.
        progress: called with the number of labels so far.

    Returns:
        The record.

    Raises:
        GenerationError: there are not that many such labels, or the request contradicts itself.
        SourceError, PipelineError: a source cannot be read.
        OutputError: the file is in use, belongs to an unfinished run, was (with ``resume``) written with other
            settings, or cannot be written.
    """
    excluded = [read_corpus(name, preset=KEY) for name in request.exclude]
    emphasis = _emphasis(request)
    corpus = fitted = None
    if request.grammar is not None:
        corpus = read_corpus(request.grammar, preset=request.preset, settings=settings)
    basis = _settings(request, corpus, excluded)
    with reached(out), WorkFolder(work_path(out), out, resume=resume, settings=basis) as work:
        if work.check(finished_settings(out) if resume and not work.unfinished else None):
            log.warning("%s is finished already, with the same settings: nothing is generated", out)
            return read_record(out)
        source: Source
        if corpus is not None:
            fitted = fit(corpus.labels, preset=corpus.preset, emphasis=emphasis, seed=request.seed)
            source = fitted.source
        else:
            from mumer_data.generate.identities.source import fact_source

            source = fact_source(request.families, preset=request.preset or KEY, emphasis=emphasis)
        quota = _quota(request, corpus, fitted, excluded)
        work.begin()
        remove_stale(out.parent, out.name)
        try:
            collection = collect(source, quota, seed=request.seed, progress=progress, draw=_drawn(work, workers))
        except GenerationError:
            work.end()  # there are not that many labels, however often it is tried
            raise
        record = _record(basis, quota, collection, corpus, fitted, excluded)
        write_labels(out, _lines(collection, request), record)
        work.end()
    return record


@dataclass(frozen=True, slots=True)
class _Unit:
    """A chunk whose candidates are kept."""

    chunk: Chunk

    @property
    def name(self) -> str:
        numbers = self.chunk.numbers
        return f"drawn-{numbers.start:09d}-{numbers.stop:09d}"

    def do(self) -> tuple[list[Candidate | str], tuple[Path, ...]]:
        return self.chunk.draw(), ()


def _drawn(work: WorkFolder, workers: int | None) -> Callable[[Sequence[Chunk]], Iterator[list[Candidate | str]]]:
    """Draws chunks, or reads what a killed run has drawn of them."""

    def draw(chunks: Sequence[Chunk]) -> Iterator[list[Candidate | str]]:
        for drawn in work.results([_Unit(chunk) for chunk in chunks], workers):
            yield [one if isinstance(one, str) else Candidate(*one) for one in drawn]

    return draw


def _settings(request: Request, corpus: Corpus | None, excluded: list[Corpus]) -> dict[str, Any]:
    """All that determines the labels and their record: the request, the content of its sources, versions."""
    asked = asdict(request)
    asked["confusions"] = str(request.confusions) if request.confusions else None
    inputs = {
        "grammar": digest_of(asdict(corpus)) if corpus else None,
        "exclude": [digest_of(asdict(one)) for one in excluded],
        "confusions": file_sha256(request.confusions) if request.confusions else None,
    }
    versions = {"mumer_data": __version__, "grammar": load_grammar().digest, "numpy": version("numpy")}
    if corpus is None:
        versions["sympy"] = version("sympy")
    return {"asked": asked, "inputs": inputs, "versions": versions}


def _emphasis(request: Request) -> SamplingWeights:
    pairs = read_confusions(request.confusions) if request.confusions else None
    return SamplingWeights(request.rare, request.confused if pairs else 0.0, pairs)


def read_confusions(path: Path) -> dict[tuple[str, str], int]:
    """(symbol, symbol it is taken for) -> how often, of a file that ``mumer mine`` or ``mumer confusions`` wrote.

    What a model leaves out or adds counts as a pair of the symbol with itself.

    Raises:
        SourceError: it is no such file, or has no confusion of symbols.
    """
    try:
        rows = pq.read_table(path, columns=[*_SIDES, "kind", "count"]).to_pylist()
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise SourceError(f"{path} is not a table of confusions ({reason}): give one that mumer mine wrote") from None
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row["kind"] == "symbol":
            label, text = (row[side] for side in _SIDES)
            counts[label or text, text or label] += row["count"]
    if not counts:
        raise SourceError(f"{path} has no confusion of symbols")
    return dict(counts)


def _quota(request: Request, corpus: Corpus | None, fitted: Fitted | None, excluded: list[Corpus]) -> Quota:
    preset = corpus.preset if corpus else request.preset or KEY
    key: Callable[[str], str] = str if preset == KEY else _key
    depths = request.depths or (0, ENDLESS)
    sizing = fitted.sizing.within(depths) if fitted else None
    if sizing is not None and not sizing.cells:
        raise GenerationError(f"the corpus has no label of depth {depths[0]} to {depths[1]}: ask for other depths")
    bins: tuple[Bin, ...] = ANY
    binding = True
    if request.length is not None:
        spans = read_lengths(request.length)
        bins = sizing.bins(spans) if sizing else tuple(Bin(*span) for span in spans)
    elif sizing is not None:
        bins, binding = sizing.like_corpus(), False
    known = frozenset(map(key, corpus.labels)) if corpus and not request.known else frozenset()
    return Quota(
        request.count, bins, binding, depths, frozenset(label for one in excluded for label in one.labels), known, key
    )


def _key(label: str) -> str:
    try:
        return normalize(label, KEY)
    except LatexSyntaxError:
        return label


def _record(
    basis: dict[str, Any],
    quota: Quota,
    collection: Collection,
    corpus: Corpus | None,
    fitted: Fitted | None,
    excluded: list[Corpus],
) -> dict[str, Any]:
    record: dict[str, Any] = {"version": __version__, **basis}
    if corpus is not None and fitted is not None:
        record["corpus"] = {
            "labels": len(corpus.labels),
            "unreadable": corpus.unreadable,
            "different": fitted.used + fitted.unbalanced,
            "unbalanced": fitted.unbalanced,
            "preset": corpus.preset,
        }
    record["excluded"] = [{"name": o.name, "labels": len(o.labels), "unreadable": o.unreadable} for o in excluded]
    record["drawn"] = collection.drawn
    record["counts"] = {outcome: collection.counts[outcome] for outcome in OUTCOMES}
    record["kinds"] = dict(sorted(Counter(one.kind for one in collection.labels).items()))
    record["bins"] = [
        {"tokens": [one.low, min(one.high, _LONGEST)], "depth": one.depth, "asked": asked, "kept": kept}
        for one, asked, kept in zip(quota.bins, quota.quotas(), collection.filled, strict=True)
    ]
    if fitted is not None:
        record["symbols"] = _symbols(fitted, shares_of(one.label for one in collection.labels))
    return record


def _symbols(fitted: Fitted, drawn: Shares) -> dict[str, dict[str, float]]:
    """The symbols whose share was to change the most, or the most frequent ones: in the corpus, asked for, drawn."""
    corpus, target = fitted.corpus, fitted.target
    order = sorted(corpus, key=lambda token: (-abs(target[token] - corpus[token]), -corpus[token], token))
    return {
        token: {
            "corpus": round(corpus[token], 6),
            "asked": round(target[token], 6),
            "drawn": round(drawn.get(token, 0.0), 6),
        }
        for token in order[:_SHOWN]
    }


def _lines(collection: Collection, request: Request) -> Iterator[str]:
    width = max(6, len(str(request.count)))
    for number, one in enumerate(collection.labels, 1):
        yield f"{one.kind}-{request.seed}-{number:0{width}d}\t{one.label}\n"
