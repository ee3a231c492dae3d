"""The tokens that a formula reader writes: specials, task prefixes, LaTeX tokens, and the words of the task formats.

Not for turning texts into tokens: see `tokenizer`.
"""

from __future__ import annotations

import string

PAD, START, END, UNKNOWN = "<pad>", "<s>", "</s>", "<unk>"
SPECIAL_TOKENS = (PAD, START, END, UNKNOWN)
TASKS = ("recognition", "tree_cot", "symbol_count", "error_find", "error_fix")
TASK_TOKENS = tuple(f"<{task}>" for task in TASKS)
STRUCTURE = ("{", "}", "^", "_")
"""Tokens of a label that show nothing."""
FORMAT_TOKENS = (
    *("<newline>", "<tab>", "<error_start>", "<error_end>", "<deleted>", "<separator>"),
    *("(right)", "(sup)", "(sub)", "(above)", "(below)", "(inside)", "(l_sup)", "(nextline)"),
)
_GREEK = (
    r"\alpha \beta \gamma \delta \epsilon \varepsilon \zeta \eta \theta \kappa \lambda \mu \nu \xi \pi \rho \sigma "
    r"\tau \phi \varphi \chi \psi \omega \Gamma \Delta \Theta \Lambda \Pi \Sigma \Phi \Psi \Omega"
)
_COMMANDS = (
    r"\frac \sqrt \sum \prod \int \lim \limits \sin \cos \tan \cot \log \ln \exp \max \min \times \div \pm \mp \cdot "
    r"\cdots \ldots \prime \infty \partial \nabla \leq \geq \neq \approx \equiv \sim \rightarrow \Rightarrow \in "
    r"\forall \exists \subset \cup \cap \emptyset \circ \angle \perp \parallel \{ \} \bar \hat \vec \overline"
)
LABEL_TOKENS = (
    *STRUCTURE,
    *string.digits,
    *string.ascii_letters,
    *"!'()+,-./:;<=>[]|*?%",
    *_GREEK.split(),
    *_COMMANDS.split(),
)
TOKENS = (*SPECIAL_TOKENS, *TASK_TOKENS, *FORMAT_TOKENS, *LABEL_TOKENS)
