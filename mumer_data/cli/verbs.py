"""The table of verbs: what `mumer --help` prints, and where each verb is defined.

Not for what a verb does: see the other modules of this folder.
"""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """One row of `mumer --help`.

    Attributes:
        module: module of this folder with the Typer ``app`` that defines the verb; ``""`` for a verb of the trainer,
            which an entry point of this distribution names.
        summary: first paragraph of its help, so that `mumer --help` need not import the module.
        example: last line of its help.
    """

    module: str
    summary: str
    example: str


# heading -> verb -> row, in the order of `mumer --help`
VERBS: dict[str, dict[str, Verb]] = {
    "Labels": {
        "parse": Verb(
            "labels",
            "Parse labels; print one JSON object per line, in order.",
            "mumer parse labels.txt --dialect slt",
        ),
        "normalize": Verb(
            "labels",
            "Normalise raw LaTeX line by line; a line that does not parse becomes an empty line and a message.",
            "echo '\\frac12' | mumer normalize --preset crohme",
        ),
        "tree": Verb(
            "labels",
            "Print the symbol layout tree of a label.",
            "mumer tree 'x ^ { 2 } + 1'",
        ),
        "generate": Verb(
            "generate",
            "Generate new labels from a fitted grammar or from SymPy identities.",
            "mumer generate labels --grammar demo --count 1000 --out labels.txt",
        ),
    },
    "Datasets": {
        "build": Verb(
            "builds",
            "Build instruction data as Parquet shards from labels and images.",
            "mumer build crohme --set source.path=data/mine --out out/mine",
        ),
        "inspect": Verb(
            "builds",
            "Print configs, counts, rejects and one sample per task of a build.",
            "mumer inspect out/mine",
        ),
        "verify": Verb(
            "builds",
            "Compare every file of a build with the hashes in its manifest; exit with code 1 if anything differs.",
            "mumer verify out/mine",
        ),
        "stats": Verb(
            "sources",
            "Print and plot statistics: label lengths, symbols, depths, image sizes.",
            "mumer stats out/mine",
        ),
        "leakage": Verb(
            "sources",
            "Report rows shared by a training and a test set: same image, near-duplicate image, same label.",
            "mumer leakage out/train out/test",
        ),
        "preview": Verb(
            "handwriting",
            "Draw a contact sheet of a pipeline: originals, augmented variants, symbol boxes.",
            "mumer preview synthetic --out preview.png",
        ),
    },
    "Handwriting": {
        "write": Verb(
            "handwriting",
            "Render labels as synthetic handwriting: images, InkML with segmentation, symbol boxes.",
            "mumer write 'x ^ { 2 }' --out out/one --copies 5",
        ),
        "glyphs": Verb(
            "handwriting",
            "Build banks of glyphs from handwriting or fonts.",
            "mumer glyphs build data/inkml --out bank.parquet",
        ),
    },
    "Evaluation": {
        "evaluate": Verb(
            "evaluate",
            "Evaluate predictions: published figures, error rates, structure, each with a 95% interval and signature.",
            "mumer evaluate predictions.json --cdm --by length",
        ),
        "compare": Verb(
            "evaluate",
            "Compare two models on ExpRate: paired bootstrap, McNemar's test, rows that changed.",
            "mumer compare a.json b.json",
        ),
        "cdm": Verb(
            "evaluate",
            "Compute CDM, VisEq and the predicted human rating of one pair.",
            "mumer cdm 'a + b' 'a - b' --png pair.png",
        ),
        "report": Verb(
            "evaluate",
            "Write an HTML page about a model's errors: figures, slices, confusions, a gallery with filters.",
            "mumer report predictions.json --out report",
        ),
        "vote": Verb(
            "votes",
            "Combine several predictions per image by weighted majority, with a confidence.",
            "mumer vote a.json b.json --rerank data/crohme/train --out voted.jsonl",
        ),
        "select": Verb(
            "votes",
            "Select the images to label first: those on which models disagree, with varied confusions.",
            "mumer select a.json b.json --budget 100 --out selected.jsonl",
        ),
    },
    "Error mining": {
        "audit": Verb(
            "audit",
            "Rank labels by the probability that the label is wrong, and write a page to review them.",
            "mumer audit out/mine --predictions a.json --predictions b.json --out out/audit",
        ),
        "confusions": Verb(
            "mining",
            "Count which symbols a model confuses, adds, omits or misplaces.",
            "mumer confusions predictions.json --top 10",
        ),
        "mine": Verb(
            "mining",
            "Convert wrong predictions to error_find and error_fix samples.",
            "mumer mine predictions.json --out out/mined",
        ),
        "corrupt": Verb(
            "mining",
            "Sample realistic wrong predictions from a fitted error model, as correction samples.",
            "mumer corrupt out/mine --like predictions.json --out out/corrupted",
        ),
    },
    "Reinforcement learning": {
        "rewards": Verb(
            "rewards",
            "Score, serve and plot rewards for reinforcement learning.",
            "mumer rewards score predictions.json --reward exact --reward tree_similarity",
        ),
        "prompts": Verb(
            "policy_data",
            "Write prompts for GRPO: prompt, image, label and pass rate of each image, hardest first.",
            "mumer prompts predictions.json --images data/mine --out out/prompts --max-pass-rate 0.95",
        ),
        "pairs": Verb(
            "policy_data",
            "Write preferences for DPO: chosen is the label, rejected a wrong prediction; most similar pairs first.",
            "mumer pairs predictions.json --images data/mine --out out/pairs --format llamafactory",
        ),
    },
    "Models": {
        "predict": Verb(
            "models",
            "Predict images with a recognizer; a killed run continues when it is started again.",
            "mumer predict --model MODEL --data out/mine --out predictions.parquet",
        ),
        "self-check": Verb(
            "models",
            "Count answers whose tree or symbol counts agree with their own label.",
            "mumer self-check predictions.parquet --task tree_cot",
        ),
        "train": Verb(
            "",
            "Train a model: on shards (full fine-tuning), with rewards (GRPO) or with preferences (DPO).",
            "mumer train training/configs/tiny.yaml --resume",
        ),
        "crossfold": Verb(
            "",
            "Cross-fold error mining: for each fold, train on the others and predict it; then mine all errors.",
            "mumer crossfold crohme --train training/configs/tiny.yaml --out out/folds",
        ),
        "ablate": Verb(
            "",
            "Train a small reader for each arm and seed, and compare them on the same images.",
            "mumer ablate training/configs/ablation_demo.yaml --plan",
        ),
        "tiny-init": Verb(
            "",
            "Create a randomly initialised Qwen2.5-VL of a few million parameters.",
            "mumer tiny-init out/tiny",
        ),
        "pretrain-vision": Verb(
            "",
            "Pretrain the vision tower of a small model with dense patch supervision on synthetic handwriting.",
            "mumer pretrain-vision out/tiny synthetic --out out/pretrained",
        ),
        "reader": Verb(
            "",
            "Train a small formula reader from scratch.",
            "mumer reader labels --out labels.txt --count 10000",
        ),
    },
    "Publishing": {
        "push": Verb(
            "publishing",
            "Publish a build on the Hugging Face Hub with a dataset card; unchanged files are not uploaded again.",
            "mumer push out/mine OWNER/NAME --dry-run",
        ),
    },
}
