"""Tells which links change something when they are followed, instead of leading to a page. Pure."""

from __future__ import annotations

import re

from crawlproj.links.shapes import CHOOSING

# An application puts a token into a link so that no other site can make a browser follow it: the
# link changes something. These are the names that frameworks give such tokens, without joints; one
# that has "csrf" or "xsrf" in it, or ends with "nonce", is one, too.
_TOKENS = frozenset(
    (
        *("authenticitytoken", "edittoken", "formhash", "formkey", "formtoken", "logouthash"),
        *("logoutkey", "logouttoken", "mypostkey", "requesttoken", "requestverificationtoken"),
        *("sectok", "securitytoken", "sesskey"),
    )
)
_MIN_TOKEN = 6  # characters
# Words that say by themselves what a link does, without "-", "_" and "."
_LOG_OUT = frozenset(("logout", "logoff", "signout", "signoff", "userlogout"))
_CHANGE = frozenset(
    (
        *("delete", "destroy", "purge", "remove", "rollback"),
        *("downvote", "upvote", "vote", "unlike", "unsubscribe", "unwatch"),
        *("markallread", "markread"),
    )
)
_VERBS = _LOG_OUT | _CHANGE
_FILE = re.compile(r"\.(?:action|aspx?|cgi|do|html?|jspx?|php|pl)$", re.IGNORECASE)
_JOINTS = str.maketrans("", "", "-_.@")
_PAIRS = re.compile(r"[&;]")


def acts(url: str, *, logged_in: bool) -> bool:
    """Whether following a normalized ``url`` most likely changes something.

    A link with a token against forged requests does, whoever follows it. If the crawl is logged in,
    so does one that says it: its last segment, before any numbers, is a verb (/posts/7/delete,
    /vote/7, /Special:UserLogout), or a parameter is, or chooses one (?logout, ?action=delete). A
    word among others is not one (/remove-stains).
    """
    path, _, query = url.partition("://")[2].partition("?")
    pairs = _PAIRS.split(query) if query else []
    if any(map(_has_token, pairs)):
        return True
    if not logged_in:
        return False
    segments = path.split("/")[1:]
    while segments and (not segments[-1] or segments[-1].isdigit()):
        segments.pop()
    if segments and _is_verb(_FILE.sub("", segments[-1]).rpartition(":")[2]):
        return True
    return any(map(_chooses_verb, pairs))


def _has_token(pair: str) -> bool:
    name, _, value = pair.partition("=")
    if len(value) < _MIN_TOKEN:
        return False
    name = name.lower()
    bare = name.translate(_JOINTS)
    return (
        bare in _TOKENS
        or name == "_authenticator"  # without the underscore it may name a program
        or "csrf" in name
        or "xsrf" in name
        or bare.endswith("nonce")
    )


def _chooses_verb(pair: str) -> bool:
    name, _, value = pair.partition("=")
    return _is_verb(name) or (name.lower().lstrip("@:_") in CHOOSING and _is_verb(value))


def _is_verb(word: str) -> bool:
    return word.lower().translate(_JOINTS) in _VERBS
