"""A forum, whose pages are shown once more for each post, is crawled once."""

from __future__ import annotations

import random
from collections import deque
from typing import NamedTuple

import pytest

from crawlproj.links.budgets import Budgets
from crawlproj.links.traps import Traps

HOST = "http://forum.example"
TOPICS, PER_PAGE, MEMBERS = 90, 10, 60


class Post(NamedTuple):
    topic: int
    number: int
    text: str


def forum(seed: int = 1) -> list[Post]:
    dice = random.Random(seed)  # noqa: S311 - the same forum each time
    posts: list[Post] = []
    for topic in range(TOPICS):
        for _ in range(dice.randrange(1, 45)):
            words = " ".join(f"w{dice.randrange(10**7):x}y" for _ in range(30))
            posts.append(Post(topic, len(posts), words))
    return posts


class Site:
    """The pages of a forum: boards, topics of some pages, and members with links to posts."""

    def __init__(self, posts: list[Post], parameter: str) -> None:
        self._posts, self._parameter = posts, parameter
        self._of: dict[int, list[Post]] = {}
        for post in posts:
            self._of.setdefault(post.topic, []).append(post)

    def shown(self, url: str) -> tuple[int, int] | None:
        """Return which topic, and which page of it, a URL shows."""
        path, _, query = url.removeprefix(HOST).partition("?")
        if not path.startswith("/board"):
            return None
        topic = int(path.rstrip("/").rpartition("-")[2])
        name, _, value = query.partition("=")
        if name == self._parameter:
            position = [post.number for post in self._of[topic]].index(int(value))
            return topic, position // PER_PAGE + 1
        return topic, int(value or 1)

    def answer(self, url: str) -> tuple[str, list[str]]:
        """Return the text and the links of a page."""
        if (shown := self.shown(url)) is not None:
            topic, page = shown
            posts = self._of[topic][(page - 1) * PER_PAGE : page * PER_PAGE]
            pages = range(1, (len(self._of[topic]) - 1) // PER_PAGE + 2)
            links = [f"{topic_url(topic)}?page={each}" for each in pages if each != page]
            links += map(self.link, posts)
            return "\n".join(["Forum", f"Topic {topic}", *(post.text for post in posts)]), links
        if url.startswith(f"{HOST}/member/"):
            member = int(url.rpartition("/")[2])
            own = self._posts[member::MEMBERS]
            lines = [f"Member {member}", *(post.text[:40] for post in own)]
            return "\n".join(lines), [self.link(post) for post in own]
        members = [f"{HOST}/member/{n}" for n in range(MEMBERS)]
        return "Forum", [*map(topic_url, range(TOPICS)), *members]

    def link(self, post: Post) -> str:
        """Return the URL of a post."""
        return f"{topic_url(post.topic)}?{self._parameter}={post.number}"


def topic_url(topic: int) -> str:
    return f"{HOST}/board{topic % 3}/topic-{topic}/"


def crawl(site: Site) -> list[str]:
    traps, queue, known, fetched = Traps(Budgets()), deque([f"{HOST}/"]), {f"{HOST}/"}, []
    while queue:
        url = queue.popleft()
        if traps.why_not(url):
            continue
        fetched.append(url)
        text, links = site.answer(url)
        new = [each for each in dict.fromkeys(links) if each not in known]
        known.update(new)
        queue.extend(new)
        if traps.looks_at(url):
            traps.learn(url, text, new)
    return fetched


@pytest.mark.parametrize("seed", [1, 2, 5])  # the last one once had each post fetched
def test_links_to_posts_end_once_the_pages_of_topics_show_them_and_no_page_is_lost(
    seed: int,
) -> None:
    posts = forum(seed)
    site = Site(posts, "post")
    fetched = crawl(site)
    assert pages_of(site, posts) <= {site.shown(url) for url in fetched}
    assert len(fetched) < len(posts) / 3


def pages_of(site: Site, posts: list[Post]) -> set[tuple[int, int] | None]:
    return {site.shown(site.link(post)) for post in posts}
