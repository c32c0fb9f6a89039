"""The words typed into a search field, as terms, and as queries of both databases. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TERMS = 20
_MAX_WORDS = 50
_TERM = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))(?P<star>\*?)')
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other. prefix: the last one is the beginning of a word."""

    words: tuple[str, ...]
    prefix: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A page matches if it has all ``wanted`` terms and none of ``unwanted``."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...]


def parse(text: str) -> Query:
    """Read ``one two`` (both), ``"one two"`` (a phrase), ``on*`` (a prefix), ``-three`` (not).

    Anything else than letters and digits separates words: ``a/b.c`` is the phrase of its words.

    Raises ValueError saying what to write instead.
    """
    wanted: list[Term] = []
    unwanted: list[Term] = []
    for found in _TERM.finditer(text):
        words = _WORD.findall(found["word"] or found["phrase"] or "")
        if not words:
            continue
        prefix = bool(found["star"]) or (found["word"] or "").endswith("*")
        (unwanted if found["minus"] else wanted).append(Term(tuple(words), prefix))
    if not wanted:
        raise ValueError('must have a word that is looked for: word, "a phrase", begin*, -without')
    terms = [*wanted, *unwanted]
    if len(terms) > MAX_TERMS or sum(len(term.words) for term in terms) > _MAX_WORDS:
        raise ValueError(f"must have at most {MAX_TERMS} terms and {_MAX_WORDS} words")
    return Query(tuple(wanted), tuple(unwanted))


def fts5(query: Query) -> str:
    """Return the query in FTS5's syntax."""
    expression = " AND ".join(fts5_term(term) for term in query.wanted)
    if query.unwanted:
        unwanted = " OR ".join(fts5_term(term) for term in query.unwanted)
        return f"({expression}) NOT ({unwanted})"
    return expression


def fts5_term(term: Term) -> str:
    """Return a term in FTS5's syntax."""
    return f'"{" ".join(term.words)}"{" *" if term.prefix else ""}'


def tsquery(query: Query) -> str:
    """Return the query in the syntax of PostgreSQL's to_tsquery."""
    parts = [_ts_term(term) for term in query.wanted]
    parts += [f"!{_ts_term(term)}" for term in query.unwanted]
    return " & ".join(parts)


def _ts_term(term: Term) -> str:
    *first, last = (f"'{word}'" for word in term.words)
    words = [*first, f"{last}:*" if term.prefix else last]
    return f"({' <-> '.join(words)})"
