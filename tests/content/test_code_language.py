"""A listing in Markdown names its language, however the page marks it."""

from __future__ import annotations

import pytest

from crawlproj.content.text import markdown_of
from crawlproj.content.tree import tree_of


@pytest.mark.parametrize(
    "html",
    [
        '<pre><code class="language-py">x</code></pre>',
        '<pre><pre class="playground"><code class="language-py">x</code></pre></pre>',
        '<pre class="code"><code class="hljs py">x</code></pre>',
        '<pre><code class="lang-py">x</code></pre>',
        '<pre data-lang="py"><code>x</code></pre>',
        '<pre class="brush: py; gutter: false">x</pre>',
        '<div class="sourceCode"><pre class="sourceCode py"><code>x</code></pre></div>',
        '<div class="highlight-py notranslate"><div class="highlight"><pre>x</pre></div></div>',
        '<div class="highlight highlight-source-py"><pre>x</pre></div>',
        '<div class="language-py vp-theme"><button></button><pre class="shiki">x</pre></div>',
    ],
)
def test_the_language_is_that_of_the_listing_or_of_the_box_around_it(html: str) -> None:
    page = tree_of(html.encode())
    before = page.html
    assert markdown_of(page, str) == "```py\nx\n```"
    assert page.html == before


@pytest.mark.parametrize(
    "html",
    [
        '<div class="highlight-default"><div class="highlight"><pre>x</pre></div></div>',
        '<body class="language-en"><pre>x</pre>',
        '<pre class="language">x</pre>',
        '<pre data-lang="not a name">x</pre>',
        '<div class="language-py"><div><div><pre>x</pre></div></div></div>',
    ],
)
def test_other_marks_are_no_language(html: str) -> None:
    assert markdown_of(tree_of(html.encode()), str) == "```\nx\n```"
