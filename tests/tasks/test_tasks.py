"""The prompts and answers of the tasks, to the byte."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.expression import Expression
from mumer_data.records import Correction
from mumer_data.tasks import ERROR_TASKS, TASKS, error_tasks, task_class

LABEL = r"\frac { a ^ { 2 } + 1 } { b }"
TREE = "\\frac\n\ta (above)\n\t\t2 (sup)\n\t+ (right)\n\t1 (right)\n\tb (below)"
START = "I have an image of a handwritten mathematical expression. "

EXPECTED = {
    "recognition": (
        "",
        START + "Please write out the expression of the formula in the image using LaTeX format.",
        LABEL,
    ),
    "tree_cot": (
        "_tree",
        START + "Please generate the abstract syntax tree (AST) of the formula in the image, and then provide its "
        "corresponding LaTeX format.",
        f"{TREE}\n{LABEL}",
    ),
    "symbol_count": (
        "_can",
        START + "Please identify and count each distinct visible mathematical symbol in the image, and then provide "
        "its corresponding LaTeX format.",
        f"\\frac: 1, a: 1, ^: 1, 2: 1, +: 1, 1: 1, b: 1\n{LABEL}",
    ),
}


@pytest.mark.parametrize("name", TASKS)
def test_suffix_prompt_and_answer(name: str) -> None:
    suffix, prompt, answer = EXPECTED[name]
    task = task_class(name)()
    assert (task.suffix, task.prompt, task.answer(Expression(LABEL))) == (suffix, prompt, answer)
    sample = task.sample(LABEL, "id1")
    assert (sample.id, sample.prompt, sample.answer) == ("id1", prompt, answer)


def test_the_dialect_is_an_option_of_tree_cot() -> None:
    answer = task_class("tree_cot").model_validate({"dialect": "slt"}).answer(Expression(r"\hat { x } ^ { 2 }"))
    assert answer == "\\hat\n\tx (above)\n\t2 (sup)\n\\hat { x } ^ { 2 }"


@pytest.mark.parametrize(("name", "options"), [("recognition", {"dialect": "slt"}), ("tree_cot", {"dialect": "x"})])
def test_unknown_options_are_refused(name: str, options: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        task_class(name).model_validate(options)


FOUND = Correction("x ^ { 2 }", "x 2", "x <deleted> 2 <deleted>", "INSERT:^ { after x\nINSERT:} after 2")
FIND = (
    START + "and its OCR recognition result. Please help me to detect possible errors in the recognition result and "
    "mark the places where errors occur with <error_start> <error_end> and <deleted>."
    "\n\nerroneous formula: x 2\nMarked formula: "
).replace(". and", " and")
FIX = (
    START + "and a predicted formula with error tags, correct the formula by modifying the parts marked with "
    "<error_start> and <error_end> and inserting content where <deleted> are present. Output the modifications in a "
    "single string with the following format: REPLACE:old -> new for errors to be replaced. INSERT:content after "
    "position for missing content. DELETE:to_delete for parts to be removed."
    "\n\nMarked formula: x <deleted> 2 <deleted>\nCorrection log: "
).replace(". and a", " and a")
ABOUT_ERRORS = {
    "error_find": (FIND, "x <deleted> 2 <deleted>"),
    "error_fix": (FIX, "INSERT:^ { after x\nINSERT:} after 2\nx ^ { 2 }"),
}


@pytest.mark.parametrize("name", ERROR_TASKS)
def test_tasks_about_predictions(name: str) -> None:
    task = error_tasks()[name]
    prompt, answer = ABOUT_ERRORS[name]
    sample = task.sample(FOUND, "id1")
    assert (task.suffix, sample.id, sample.prompt, sample.answer) == (f"_{name}", "id1", prompt, answer)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_refuses_a_label_that_does_not_parse(name: str) -> None:
    with pytest.raises(LatexSyntaxError, match="never closes"):
        task_class(name)().sample(r"\frac { a { b }")
