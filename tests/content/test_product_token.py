from __future__ import annotations

import pytest

from crawlproj.content.product_token import product_token

KHTML = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko"
ANDROID = "Mozilla/5.0 (Linux; Android 6.0.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99"


@pytest.mark.parametrize(
    ("agent", "token"),
    [
        ("crawlproj", "crawlproj"),
        ("crawlproj/0.1 (Scrapy; a polite crawler)", "crawlproj"),
        (" my-bot_2 (+https://a.test)", "my-bot_2"),
        ("my-bot/1.0 (compatible; other)", "my-bot"),
        ("(a comment first) my-bot/1.0", "my-bot"),
        ("Mozilla/5.0 (compatible; my-bot/1.0; +https://a.test)", "my-bot"),
        ("Mozilla/5.0 (compatible;my-bot)", "my-bot"),
        (f"{KHTML}; compatible; MyBot/1.0; +https://my.example/bot)", "MyBot"),
        (f"{KHTML}; compatible; MyBot/1.0) Chrome/99.0 Safari/537.36", "MyBot"),
        (f"{ANDROID} Mobile Safari/537.36 (compatible; MyBot/2.1; +https://a.test)", "MyBot"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; compatible; MyBot/1.0)", "MyBot"),
        (f"{KHTML}) Version/17.4 Safari/605.1 (MyBot/0.1; +http://a.test)", "MyBot"),
        (f"{KHTML}) Chrome/99.0 Safari/537.36 MyBot/1.0", "MyBot"),
        ("Mozilla/5.0 (compatible; MyBot/1.0", "MyBot"),
        ("Mozilla/4.0 (compatible; MSIE 9.0; Windows NT 6.1)", "Mozilla"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:1) Gecko/20100101 Firefox/1", "Mozilla"),
        (f"{ANDROID}.0 Mobile Safari/537.36", "Mozilla"),
        ("", ""),
        ("()", ""),
    ],
)
def test_the_product_token_is_the_crawlers_own_name(agent: str, token: str) -> None:
    assert product_token(agent) == token
