"""Asks a person for the answers that are missing. Each answer is checked at once, and asked again with the reason."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import TextIO

from secondhop_cli.init.checks import problems_in
from secondhop_cli.init.questions import OUTPUTS, QUESTIONS, Answers, Question

Ask = Callable[[str], str]


class Interview:
    """The questions to one person. `answers` has what was given so far, also after an interruption.

    `known` are the answers in the files. `accepted` are the Regions that may be unknown to botocore; one that the
    person gives twice is added.
    """

    def __init__(
        self, ask: Ask, errors: TextIO, *, known: Answers, given: Mapping[str, str], accepted: set[str]
    ) -> None:
        self._ask = ask
        self._errors = errors
        self._known = known
        self.answers: Answers = dict(given)
        self._accepted = accepted

    def answer(self, question: Question, default: str) -> str:
        """The person's answer, or the default. Raises EOFError or KeyboardInterrupt if the person stops."""
        suffix = f" [{default}]" if default else ""
        refused = ""
        while True:
            found = self._ask(f"{question.text[0].upper()}{question.text[1:]}{suffix}: ").strip() or default
            if found and found == refused and question.is_region:
                # Said twice: the person means it.
                self._accepted.add(found)
            problem = self._problem(question, found)
            if not problem:
                self.answers[question.name] = found
                return found
            refused = found
            again = "; give it again to confirm it" if question.is_region else ""
            self._errors.write(f"  {problem}{again}\n")
            self._errors.flush()

    def _problem(self, question: Question, found: str) -> str:
        if question.is_needed and not found:
            return "an answer is needed"
        problems = problems_in(self._known | self.answers | {question.name: found}, accepted=self._accepted)
        return problems[0] if problems else ""


def command_so_far(answers: Mapping[str, str], *, program: str, directory: str) -> str:
    """The command that gives init these answers again."""
    flags = [each for each in (*QUESTIONS, *OUTPUTS) if answers.get(each.name)]
    words = [program, "init", "--directory", directory]
    return shlex.join([*words, *(word for each in flags for word in (each.flag, answers[each.name]))])
