"""Which sites share one set of permits (CONCURRENCY_SCOPE)."""

from __future__ import annotations

from collections import OrderedDict

from crawlproj.bounded import put
from crawlproj.urls import registrable_domain

_MAX_ADDRESSES = 100_000


class SiteGroups:
    """Names the group of a site.

    scope: "host": each site is a group; "domain": the sites of a registrable domain are one;
        "ip": the sites whose last answer came from the same address are one.
    """

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._addresses: OrderedDict[str, str] = OrderedDict()

    def of(self, site: str) -> str:
        """Return the name of the group of ``site``."""
        if self._scope == "domain":
            return registrable_domain(site)
        return self._addresses.get(site, site)

    def locate(self, site: str, address: str) -> None:
        """Note the IP address that answered for ``site``; "" if it is unknown."""
        if self._scope == "ip" and address:
            put(self._addresses, site, address, _MAX_ADDRESSES)
