"""Raw LaTeX -> a label that looks the same, or nearly: macros replace commands that labels do not support.

Not for labels of data sets: see `mumer_data.latex.normalize`, which rejects these commands by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from mumer_data.latex.normalize import Normalizer
from mumer_data.latex.normalize.macros import parse_macros

_SHOWN = r"""
\newcommand{\cancelto}[2]{\cancel{#2}^{#1}}
\newcommand{\sideset}[3]{{{}#1{#3}#2}}
\newcommand{\prescript}[3]{{}^{#1}_{#2}{#3}}
\newcommand{\tensor}[2]{#1#2}
\newcommand{\indices}[1]{#1}
\newcommand{\centernot}[1]{\not#1}
\newcommand{\multicolumn}[3]{#3}
\newcommand{\multirow}[3]{#3}
\newcommand{\hdotsfor}[2][]{\ldots}
\newcommand{\cline}[1]{}
\newcommand{\hhline}[1]{\hline}
\newcommand{\intertext}[1]{\text{#1}\\}
\newcommand{\shortintertext}[1]{\text{#1}\\}
\newcommand{\rotatebox}[3][]{#3}
\newcommand{\scalebox}[3][]{#3}
\newcommand{\reflectbox}[1]{#1}
\newcommand{\enclose}[3][]{\boxed{#3}}
\newcommand{\longdiv}[1]{)\overline{#1}}
\newcommand{\phase}[1]{\angle\underline{#1}}
\newcommand{\angl}[1]{\overline{#1}|}
\newcommand{\overlinesegment}[1]{\overline{#1}}
\newcommand{\underlinesegment}[1]{\underline{#1}}
\newcommand{\xLeftrightharpoons}[2][]{\xleftrightharpoons[#1]{#2}}
\newcommand{\xRightleftharpoons}[2][]{\xrightleftharpoons[#1]{#2}}
\newcommand{\splitfrac}[2]{\substack{#1\\#2}}
\newcommand{\splitdfrac}[2]{\substack{#1\\#2}}
\newcommand{\adjustlimits}{}
\newcommand{\uproot}[1]{}
\newcommand{\leftroot}[1]{}
\newcommand{\vdotswithin}[1]{\vdots}
\newcommand{\pu}[1]{\mathrm{#1}}
\newcommand{\pod}[1]{(#1)}
\newcommand{\eqref}[1]{(#1)}
\newcommand{\ref}[1]{#1}
\newcommand{\cite}[1]{[#1]}
\newcommand{\footnote}[1]{}
\newcommand{\url}[1]{\text{#1}}
"""


def shown_normalizer(switches: Mapping[str, bool] | None = None) -> Normalizer:
    """The normaliser of preset ``crohme`` that reads these commands too; ``switches`` as for `Normalizer`."""
    return Normalizer("crohme", switches, parse_macros(_SHOWN))


@lru_cache(maxsize=1)
def _normalizer() -> Normalizer:
    return shown_normalizer()


def holds_more_than_labels(tokens: Iterable[str]) -> bool:
    """Whether one of these commands is among the tokens."""
    macros = _normalizer().macros or {}
    return not macros.keys().isdisjoint(tokens)


def shown_label(raw: str) -> str:
    """A label for typesetting; raises ``LatexSyntaxError`` for an unsupported construct."""
    return _normalizer()(raw)
