"""A login spider: sends a form with its CSRF token, then crawls with the session's cookie."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from form2request import form2request
from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider
from scrapy.http import TextResponse

from bookshop.items import Order
from bookshop.loaders import pounds


class OrdersSpider(Spider):
    """Yields the orders of the account of the settings SHOP_USER and SHOP_PASSWORD.

    url: the shop's home page.
    """

    name = "orders"
    custom_settings = {
        "COOKIES_ENABLED": True,
        # Cookies live in memory. So does this crawl: if it is stopped, the next run logs in again.
        "FRONTIER_URL": "memory:",
    }

    def __init__(self, url: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.login_url = f"{url.rstrip('/')}/login"

    async def start(self) -> AsyncIterator[Request]:
        """Ask for the login form."""
        yield Request(self.login_url, self.log_in)

    def log_in(self, response: TextResponse) -> Iterator[Request]:
        """Submit the form; form2request adds its hidden fields, the CSRF token among them."""
        credentials = {
            "user": self.settings["SHOP_USER"],
            "password": self.settings["SHOP_PASSWORD"],
        }
        form = form2request(response.css("form"), credentials)
        yield form.to_scrapy(callback=self.after_login)

    def after_login(self, response: TextResponse) -> Iterator[Order | Request]:
        """Go on with the page that the login led to; raises CloseSpider if it was refused."""
        if error := response.css(".error::text").get():
            self.logger.error("The login failed: %s", error)
            raise CloseSpider("login_failed")
        yield from self.parse_orders(response)

    def parse_orders(self, response: TextResponse) -> Iterator[Order | Request]:
        """Yield the orders of one page, and follow the link to the next."""
        for row in response.css("tr.order"):
            number, placed_on, total = row.css("td ::text").getall()
            yield Order(number, placed_on, pounds(total))
        yield from response.follow_all(css="a[rel=next]", callback=self.parse_orders)
