"""Raw LaTeX as people write it: the picture is kept, or what cannot be kept is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mumer_data.exceptions import LatexSyntaxError, SourceError
from mumer_data.latex.diagnostics import known_commands
from mumer_data.latex.normalize import Normalizer, normalize
from mumer_data.latex.normalize.macros import parse_macros, read_macros
from mumer_data.latex.normalize.signatures import signatures
from mumer_data.latex.normalize.unicode import to_unicode, unicode_table, without_unicode
from mumer_data.latex.parser import parse

KEPT = [
    # infix commands end at groups, brackets that grow, and cells
    (r"1 + \left(\partial f \over \partial x\right)^2", r"1 + ( \frac { \partial f } { \partial x } ) ^ { 2 }"),
    (r"\left( n \choose k \right) x", r"( \binom { n } { k } ) x"),
    (r"\begin{matrix} a \over b & c \\ d \choose e \end{matrix}",
     r"\begin {matrix} \frac { a } { b } & c \\ \binom { d } { e } \end {matrix}"),
    (r"x + {a \atop b} + y", r"x + { a \atop b } + y"),
    (r"\left( a \atop b \right)", r"( { a \atop b } )"),
    (r"{a \brace b} + {a \brack b}", r"\{ { a \atop b } \} + [ { a \atop b } ]"),
    (r"{a \above 1pt b} + {a \above 0pt b}", r"\frac { a } { b } + { a \atop b }"),
    (r"\frac{a \over b}{c}", r"\frac { \frac { a } { b } } { c }"),
    (r"\sqrt[3]{a \over b}", r"\sqrt [ 3 ] { \frac { a } { b } }"),
    (r"a \buildrel \rm def \over = b", r"a \overset { d e f } { = } b"),
    # commands whose arguments are formulas
    (r"\ket{\frac{a}{b}}", r"| \frac { a } { b } \rangle"),
    (r"\braket{a|b}", r"\langle a | b \rangle"),
    (r"\xrightharpoonup{a+b}", r"\xrightharpoonup { a + b }"),
    (r"\genfrac{[}{]}{0pt}{}{a}{b}", r"[ { a \atop b } ]"),
    (r"\genfrac(){0pt}{}nk + \genfrac{}{}{}{}{a}{b}", r"\binom { n } { k } + \frac { a } { b }"),
    (r"\overunderset{a}{b}{=}", r"\overset { a } { \underset { b } { = } }"),
    (r"\sqrt[a \over b]{c}", r"\sqrt [ \frac { a } { b } ] { c }"),
    (r"\left( a \over b \middle| c \right)", r"( \frac { a } { b } | c )"),
    (r"{\cal A \over B} + \sqrt[\cal A]{B}",
     r"\frac { \mathcal { A } } { \mathcal { B } } + \sqrt [ \mathcal { A } ] { B }"),
    (r"\begingroup a \over b \endgroup", r"\frac { a } { b }"),
    (r"\root 3 \of x", r"\sqrt [ 3 ] { x }"),
    # options of arrows and fractions
    (r"\xlongequal[b]{a} \xrightharpoonup[b]{a} \xmapsto a",
     r"\underset { b } { \xlongequal { a } } \underset { b } { \xrightharpoonup { a } } \xmapsto { a }"),
    (r"\cfrac[l]{a}{b}", r"\cfrac { a } { b }"),
    # limits stand below and above what they are drawn at
    (r"\operatorname*{argmax}_{x}^2 f", r"\overset { 2 } { \underset { x } { a r g m a x } } f"),
    (r"\DeclareMathOperator*{\am}{argmax} \am_x", r"\underset { x } { a r g m a x }"),
    (r"\mathop{a}\limits_{b} + \mathop{\rm lim}_{x} + \mathop{\sum}_i + \mathop{c}",
     r"\underset { b } { a } + \lim _ { x } + \sum _ { i } + c"),
    (r"\left< x \right> \bigl<", r"\langle x \rangle \langle"),
    (r"a \not\mid b \not= c", r"a \nmid b \not = c"),
    (r"\hbox to 10pt{x} \red{y}", "x y"),
    (r"\bbFont R \frak g", r"\mathbb { R } \mathfrak { g }"),
    # colours, lengths, references, names
    (r"\color{red}{x}", "x"),
    (r"\color[rgb]{1,0,0} x + y", "x + y"),
    (r"\textcolor{blue}{x+y}", "x + y"),
    (r"\colorbox{red}{x} \fcolorbox{a}{b}{y}", r"x \fbox { y }"),
    (r"a \rule{1pt}{2pt} b", "a b"),
    (r"\rule[-1ex]{0pt}{2em} b", "b"),
    (r"a \\[4mm] b", r"a \\ b"),
    (r"a \\* b \\[-.5\baselineskip] c", r"a \\ b \\ c"),
    (r"a \\ [1] b", r"a \\ [ 1 ] b"),
    (r"a \hspace*{1cm} b \hspace{-2em} c", "a b c"),
    (r"a \kern 3pt b \kern-1em c \mkern 5mu d", "a b c d"),
    (r"a \hskip 1em plus 1fil minus 2pt b", "a b"),
    (r"a \hskip\parindent b", "a b"),
    (r"\href{http://a.b/c_d}{x} \label{eq:a} \cssId{i}{y}", "x y"),
    (r"\raise 2pt \hbox{x} \raisebox{1pt}{y}", "x y"),
    (r"\mathchoice{a}{b}{c}{d}", "a"),
    (r"\mathtip{x}{a note} \texttip{y}{a note}", "x y"),
    (r"\mathrlap[b]{x} \cramped[t]{y} \cancel[red]{z}", r"x y \cancel { z }"),
    (r"\framebox[1cm][c]{x}", r"\fbox { x }"),
    # what is below an arrow, and scripts that are white space, boxes or several symbols
    (r"\xLeftarrow[c]{x+y} b", r"\underset { c } { \xLeftarrow { x + y } } b"),
    (r"\xmapsto[]{x}", r"\xmapsto { x }"),
    (r"f_\quad x + f^\, y + f_~ z", "f x + f y + f z"),
    (r"f_\phantom{a} x + f_\strut y + f^\kern 2pt z", "f x + f y + f z"),
    (r"x_\ket{a} y", r"x _ { | a \rangle } y"),
    (r"x_\reals", r"x _ { \mathbb { R } }"),
    (r"\mathbfit x_\symbfit y + \mathbfcal{X}", r"x _ { y } + \mathcal { X }"),
    (r"\smash[b]{x} \mathrlap{y}", "x y"),
    # comments, wrappers, options
    ("a % note", "a"),
    ("a \\% b % c\n d", "a \\% b d"),
    (r"\begin{equation} a = b \end{equation}", "a = b"),
    (r"\begin{align*} a = b \end{align*}", "a = b"),
    (r"\begin{align*} a &= b \\ c &= d \end{align*}", r"\begin {align} a & = b \\ c & = d \end {align}"),
    (r"\[ x \]", "x"),
    (r"\begin{array}[t]{c} a \end{array}", r"\begin {array} { c } a \end {array}"),
    (r"\begin{array}{*{3}{c}} a & b & c \end{array}", r"\begin {array} { c c c } a & b & c \end {array}"),
    (r"\begin{array}{@{}c|p{3cm}@{}} a & b \end{array}", r"\begin {array} { c | l } a & b \end {array}"),
    (r"\begin{pmatrix*}[r] a \\ b \end{pmatrix*}", r"\begin {pmatrix} a \\ b \end {pmatrix}"),
    (r"\pmatrix{a & b \cr c & d \cr}", r"\begin {pmatrix} a & b \\ c & d \end {pmatrix}"),
    (r"\cases{a & b \cr c & d}", r"\begin {cases} a & b \\ c & d \end {cases}"),
    # words and faces
    (r"\text{distance} = v t", "d i s t a n c e = v t"),
    (r"\text{constant} + \text{cost}", "c o n s t a n t + c o s t"),
    (r"2sinx + l o g 3", r"2 \sin x + \log 3"),
    (r"\epsilon_\mathbf{p}", r"\epsilon _ { p }"),
    (r"\mathbb R + \mathbb{R}", r"\mathbb { R } + \mathbb { R }"),
    (r"{\cal L} + \mathcal{L}", r"\mathcal { L } + \mathcal { L }"),
    (r"x_\rm{A} + {\bf a \over b}", r"x _ { A } + \frac { a } { b }"),
    # empty groups and chemistry
    (r"x_{1}{}^2", "x _ { 1 } ^ { 2 }"),
    (r"x^{a}{}'", r"x ^ { a \prime }"),
    (r"T^{a}{}_{b}{}^{c}", "T ^ { a c } _ { b }"),
    (r"\ce{H2O}", "H _ { 2 } O"),
    (r"\ce{2H2 + O2 -> 2H2O}", r"2 H _ { 2 } + O _ { 2 } \rightarrow 2 H _ { 2 } O"),
    (r"\ce{SO4^2-} + \ce{Na+}", "S O _ { 4 } ^ { 2 - } + N a ^ { + }"),
    (r"\ce{Fe(OH)3}", "F e ( O H ) _ { 3 }"),
    (r"\ce{Zn^{2}+ + S^2- -> ZnS v}", r"Z n ^ { 2 + } + S ^ { 2 - } \rightarrow Z n S \downarrow"),
    (r"\ce{H+ + OH- <=> H2O}", r"H ^ { + } + O H ^ { - } \rightleftharpoons H _ { 2 } O"),
    (r"\ce{^{227}_{90}Th+ + ^0_{-1}n}", "{ } ^ { 2 2 7 } _ { 9 0 } T h ^ { + } + { } ^ { 0 } _ { - 1 } n"),
    (r"\ce{C6H5-CH=O + HC#CH}", r"C _ { 6 } H _ { 5 } - C H = O + H C \equiv C H"),
    (r"\ce{CuSO4*5H2O, X.2Y}", r"C u S O _ { 4 } \cdot 5 H _ { 2 } O , X \cdot 2 Y"),
    (r"\ce{A ->[\Delta] B ->[x][H2] C ^}", r"A \xrightarrow { \Delta } B \xrightarrow [ H _ { 2 } ] { x } C \uparrow"),
    (r"\ce{1/2O2 + x Na_nX^{-.}}", r"\frac { 1 } { 2 } O _ { 2 } + x N a _ { n } X ^ { - \bullet }"),
    (r"\ce{$x_1$ Ag+(aq) + {some acid}}", "x _ { 1 } A g ^ { + } ( a q ) + s o m e a c i d"),
    (r"\ce{\underset{a}{\color{red}X+} <-> A\bond{...}B}", r"\underset { a } { X ^ { + } } \leftrightarrow A \cdots B"),
    (r"\begin{split}\ce{A &-> B \\ C &= D}\end{split}", r"\begin {split} A & \rightarrow B \\ C & = D \end {split}"),
    (r"\ce { H 2 O + N a + - > B }", r"H _ { 2 } O + N a ^ { + } \rightarrow B"),
    (r"\newcommand{\w}{\ce{H2O}} \w", "H _ { 2 } O"),
    # macros
    (r"\def\x{a} \x", "a"),
    (r"\def\f#1#2{#1_{#2}} \f{x}{1} + \f y2", "x _ { 1 } + y _ { 2 }"),
    (r"\newcommand{\R}{\mathbb{R}} x \in \R", r"x \in \mathbb { R }"),
    (r"\newcommand\p[2][k]{#1^{#2}} \p{3} + \p[m]{n}", "k ^ { 3 } + m ^ { n }"),
    (r"\let\le\leq a \le b", r"a \leq b"),
    (r"\DeclareMathOperator{\sinh}{sin} \sinh x", r"\sin x"),
    # Unicode
    ("5 × 3 ÷ 2 − 1", r"5 \times 3 \div 2 - 1"),
    ("90° + 10℃", r"9 0 ^ { \circ } + 1 0 ^ { \circ } C"),
    ("1, …, n", r"1 , \ldots , n"),
    ("√2 + √{a+b} + ∛8 + √(x)", r"\sqrt { 2 } + \sqrt { a + b } + \sqrt [ 3 ] { 8 } + \sqrt { ( x ) }"),
    ("x² + x₁₂³ + e⁻ˣ", "x ^ { 2 } + x _ { 1 2 } ^ { 3 } + e ^ { - x }"),
    ("½ + ⅔", r"\frac { 1 } { 2 } + \frac { 2 } { 3 }"),
    ("a → b ⇒ c ≤ d ≠ e ∉ F", r"a \rightarrow b \Rightarrow c \leq d \neq e \notin F"),
    ("f′ + g″", "f ' + g ' '"),
    ("（１＋２）＝３", "( 1 + 2 ) = 3"),
    ("α Β ∞ ∂ ∇", r"\alpha B \infty \partial \nabla"),
    ("ℝ ⊂ 𝒜, 𝐱 𝑦 𝔸 𝔤", r"\mathbb { R } \subset \mathcal { A } , x y \mathbb { A } \mathfrak { g }"),
    ("x̄ + v⃗ + a≯b", r"\bar { x } + \vec { v } + a \ngtr b"),
    ("х ∟ 已知 é", "х ∟ 已 知 é"),
    ("a\u200b\u00a0b \ufeff", "a b"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "label"), KEPT)
def test_the_picture_is_kept(raw: str, label: str) -> None:
    assert normalize(raw) == label
    assert normalize(label) == label
    parse(label)


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        (r"\epsilon_\mathbf{p}", r"\epsilon _ { \mathbf { p } }"),
        (r"{\cal L} + \mathcal{L} + \bf x", r"\mathcal { L } + \mathcal { L } + \mathbf { x }"),
        (r"\bf a \rm b", r"\mathbf { a } b"),
        ("𝐱", r"\mathbf { x }"),
        ("f′", r"f ^ { \prime }"),
        (r"s i n x", "s i n x"),
        (r"\begin{matrix} a \end{matrix}", r"\begin {matrix} a \end {matrix}"),
    ],
)
@pytest.mark.parametrize("preset", ["mathwriting", "im2latex"])
def test_presets_that_keep_faces(raw: str, label: str, preset: str) -> None:
    assert normalize(raw, preset) == label


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (r"\foo{x}", r"unknown command '\foo' with an argument"),
        (r"\ref{x}", r"'\ref' cannot be written"),
        (r"\includegraphics[width=1cm]{x}", r"'\includegraphics' cannot be written"),
        (r"\multicolumn{2}{c}{x}", r"'\multicolumn' cannot be written"),
        (r"\begin{CD} a @>>> b \end{CD}", "environment 'CD' cannot be written"),
        (r"\begin{array}{=} a \end{array}", "columns of 'array' cannot be read"),
        (r"a \kern b", r"expected a length after '\kern'"),
        (r"\textcolor{red}", r"expected an argument after '\textcolor', found the end"),
        (r"a \over b \over c", r"'\over' after '\over' in one group"),
        (r"\def\x{\x} \x", r"expanded more than 1,000 times, last '\x'"),
        (r"\def\x{\x\x\x\x} \x", "expanded more than"),
        (r"\newcommand{\x}[10]{a}", "takes 10 arguments, more than 9"),
        (r"\newcommand{\x}[1]{#2} \x{a}", "asks for an argument #2"),
        (r"\def\x#1.{a}", "text between its arguments"),
        (r"\ce{A\bond{curly}B}", "chemistry that cannot be written"),
        (r"\ce{A ->[b}", "chemistry that cannot be written"),
        (r"\ce{" + "{" * 5_000 + "A" + "}" * 5_000 + "}", "chemistry that cannot be written"),
        (r"x_\iff y", r"'\iff' is several symbols: a script of it needs braces"),
        (r"x^\pmod 3", r"'\pmod' is several symbols"),
        (r"a \xLeftrightharpoons[b]{c}", r"'\xLeftrightharpoons' cannot be written"),
        (r"\xmapsto[a", r"'[' after '\xmapsto' never closes"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(raw: str, named: str) -> None:
    with pytest.raises(LatexSyntaxError) as caught:
        normalize(raw)
    assert named in caught.value.reason


def test_macros_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "macros.tex"
    path.write_text("\\newcommand{\\R}{\\mathbb{R}} % the reals\n\\def\\d#1{\\mathrm{d}#1}\n", encoding="utf-8")
    assert Normalizer("crohme", macros=read_macros(path))(r"\int_\R f \d x") == r"\int _ { \mathbb { R } } f d x"
    with pytest.raises(SourceError, match="'x' is not a definition"):
        parse_macros("x")
    with pytest.raises(SourceError, match="cannot be read"):
        read_macros(tmp_path / "none.tex")


def test_every_character_of_the_table_becomes_a_known_command() -> None:
    known = known_commands()
    assert len(unicode_table()) > 350
    for character, command in unicode_table().items():
        assert len(character) == 1
        assert command in known or len(command) == 1, character
        parse(" ".join(without_unicode([character])))
        assert to_unicode(command) != "" if command.startswith("\\") else True


def test_to_unicode_and_back() -> None:
    label = r"\alpha \leq \frac { \infty } { \mathbb { R } } \rightarrow"
    assert to_unicode(label) == r"α ≤ \frac { ∞ } { \mathbb { R } } →"
    assert normalize(to_unicode(label)) == label


def test_every_macro_of_the_table_ends_in_known_commands() -> None:
    for name, signature in signatures().commands.items():
        if signature.effect == "macro":
            formulas = "".join("{x}" for argument in signature.arguments if not argument.optional)
            parse(normalize(f"{name}{formulas}", "im2latex"), strict=True)
