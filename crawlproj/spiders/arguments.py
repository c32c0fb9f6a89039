"""The arguments that people write after -a: checked, and explained where they are wrong."""

from __future__ import annotations

import inspect
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

from crawlproj.content.chosen_types import ChosenTypes
from crawlproj.errors import ConfigError, did_you_mean
from crawlproj.http.access import Access, read_cookies, read_headers, read_proxy
from crawlproj.http.login import LoginForm, read_login
from crawlproj.links.choice import Choice
from crawlproj.url_patterns import UrlPatterns, separate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scrapy import Spider

_WAYS = (
    ("__init__", inspect.Parameter.POSITIONAL_OR_KEYWORD),
    ("from_crawler", inspect.Parameter.KEYWORD_ONLY),
)
_Chosen = TypeVar("_Chosen", UrlPatterns, ChosenTypes)
_Given = TypeVar("_Given")
_Read = TypeVar("_Read")


class ArgumentError(ConfigError):
    """An argument is wrong. name: which one. detail: what follows its name in the message."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"-a {name}{detail}")
        self.name = name
        self.detail = detail


def arguments_of(spider: type[Spider]) -> set[str]:
    """Return the names of the arguments that a spider takes, in ``__init__`` or before it."""
    return {
        name
        for owner in spider.__mro__
        for way, kind in _WAYS
        if way in vars(owner)
        for name, parameter in inspect.signature(getattr(owner, way)).parameters.items()
        if parameter.kind is kind
    } - {"self", "name", "crawler"}


def refuse_unknown(spider: Spider, names: Iterable[str]) -> None:
    """Raise ConfigError if ``spider`` has no use for an argument, with the nearest right name.

    A subclass may take more arguments, in its ``__init__`` or as attributes of the class. Names
    that begin with an underscore are a server's, such as scrapyd's ``_job``.
    """
    known = arguments_of(type(spider))
    for name in names:
        if name in known or name.startswith("_") or hasattr(type(spider), name):
            continue
        raise ArgumentError(
            name,
            f": the spider {spider.name!r} has no such argument{did_you_mean(name, known)} "
            f"(it has {', '.join(sorted(known)) or 'none'})",
        )


def whole_number(name: str, value: str | int) -> int:
    """Return an argument that must be a whole number of at least 0. Raises ConfigError."""
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < 0:
        raise ArgumentError(name, f" must be a whole number, 0 or more, not {value!r}")
    return number


def one_of(name: str, value: str, known: Sequence[str]) -> str:
    """Return an argument that must be one of ``known``. Raises ConfigError with the nearest one."""
    if value in known:
        return value
    meant = did_you_mean(value, known)
    raise ArgumentError(name, f" must be one of {', '.join(known)}, not {value!r}{meant}")


def choice_of(
    include: str | Sequence[str],
    exclude: str | Sequence[str],
    content: str | Sequence[str],
    max_pages_per_site: str | int,
    save: str | Sequence[str],
) -> Choice:
    """Return what the arguments of these names choose. Raises ConfigError naming a wrong one.

    save: as ``save_of`` has read it without an error. Whatever is saved is fetched, too.
    """
    types = [*_parts(content), *_parts(save)] if content else ()
    return Choice(
        include=_read("include", include, UrlPatterns),
        exclude=_read("exclude", exclude, UrlPatterns),
        types=_read("content", types, ChosenTypes),
        pages_per_site=whole_number("max_pages_per_site", max_pages_per_site),
    )


def save_of(save: str | Sequence[str]) -> ChosenTypes | None:
    """Return the media types whose bodies are kept; None if there are none. Raises ConfigError."""
    return _read("save", save, ChosenTypes)


def access_of(headers: str | Mapping[str, str], proxy: str, login: str) -> Access:
    """Return what the arguments of these names show to sites.

    Raises ConfigError naming a wrong one, and none of what may be secret.
    """
    is_form = login.endswith(".toml")
    return Access(
        headers=_shown("headers", read_headers, headers) if headers else (),
        proxy=_shown("proxy", read_proxy, proxy) if proxy else "",
        cookies=_shown("login", read_cookies, login) if login and not is_form else (),
        form=_shown("login", _login_form, login) if is_form else None,
    )


def _login_form(path: str) -> LoginForm:
    if find_spec("form2request") is None:
        raise ValueError("a form needs one more package: pip install 'crawlproj[login]'")
    return read_login(path)


def _shown(name: str, reader: Callable[[_Given], _Read], value: _Given) -> _Read:
    try:
        return reader(value)
    except OSError as exc:
        raise ArgumentError(name, f": {exc.filename} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise ArgumentError(name, ": the file is not text in UTF-8") from None
    except ValueError as exc:
        raise ArgumentError(name, f": {exc}") from None


def _parts(value: str | Sequence[str]) -> list[str]:
    return separate(value) if isinstance(value, str) else list(value)


def _read(
    name: str, value: str | Sequence[str], reader: Callable[[list[str]], _Chosen]
) -> _Chosen | None:
    parts = _parts(value)
    try:
        return reader(parts) if parts else None
    except ValueError as exc:
        raise ArgumentError(name, f": {exc}") from None
