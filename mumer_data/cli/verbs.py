"""The table of verbs: heading in `mumer --help`, and the example line at the end of the help of each verb.

Not for what a verb does: see the other modules of this folder.
"""

from __future__ import annotations

# heading -> verb -> example, in the order of `mumer --help`
VERBS: dict[str, dict[str, str]] = {
    "Labels": {
        "parse": "mumer parse labels.txt --dialect slt",
        "normalize": "echo '\\frac12' | mumer normalize --preset crohme",
        "tree": "mumer tree 'x ^ { 2 } + 1'",
        "generate": "mumer generate labels --grammar demo --count 1000 --out labels.txt",
    },
    "Datasets": {
        "build": "mumer build crohme --set source.path=data/mine --out out/mine",
        "inspect": "mumer inspect out/mine",
        "verify": "mumer verify out/mine",
        "stats": "mumer stats out/mine",
        "leakage": "mumer leakage out/train out/test",
        "preview": "mumer preview synthetic --out preview.png",
    },
    "Handwriting": {
        "write": "mumer write 'x ^ { 2 }' --out out/one --copies 5",
        "glyphs": "mumer glyphs build data/inkml --out bank.parquet",
    },
    "Evaluation": {
        "evaluate": "mumer evaluate predictions.json --cdm --by length",
        "compare": "mumer compare a.json b.json",
        "cdm": "mumer cdm 'a + b' 'a - b' --png pair.png",
        "report": "mumer report predictions.json --out report",
        "vote": "mumer vote a.json b.json --rerank data/crohme/train --out voted.jsonl",
        "select": "mumer select a.json b.json --budget 100 --out selected.jsonl",
    },
    "Error mining": {
        "audit": "mumer audit out/mine --predictions a.json --predictions b.json --out out/audit",
        "confusions": "mumer confusions predictions.json --top 10",
        "mine": "mumer mine predictions.json --out out/mined",
        "corrupt": "mumer corrupt out/mine --like predictions.json --out out/corrupted",
    },
    "Reinforcement learning": {
        "rewards": "mumer rewards score predictions.json --reward exact --reward tree_similarity",
        "prompts": "mumer prompts predictions.json --images data/mine --out out/prompts --max-pass-rate 0.95",
        "pairs": "mumer pairs predictions.json --images data/mine --out out/pairs --format llamafactory",
    },
    "Models": {
        "predict": "mumer predict --model MODEL --data out/mine --out predictions.parquet",
        "self-check": "mumer self-check predictions.parquet --task tree_cot",
        "train": "mumer train training/configs/tiny.yaml --resume",
        "crossfold": "mumer crossfold crohme --train training/configs/tiny.yaml --out out/folds",
        "ablate": "mumer ablate training/configs/ablation_demo.yaml --plan",
        "tiny-init": "mumer tiny-init out/tiny",
        "pretrain-vision": "mumer pretrain-vision out/tiny synthetic --out out/pretrained",
    },
    "Publishing": {
        "push": "mumer push out/mine OWNER/NAME --dry-run",
    },
}
