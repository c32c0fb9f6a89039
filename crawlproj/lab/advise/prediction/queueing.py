"""A closed queueing network of one queue and one delay, solved exactly. Pure.

Mean Value Analysis: M. Reiser and S. S. Lavenberg, "Mean-Value Analysis of Closed Multichain
Queuing Networks", Journal of the ACM 27 (2), 1980, pages 313-322. A request that arrives at the
queue finds the average queue of a network with one request less. So for k = 1, 2, …::

    R(k) = s (1 + Q(k-1))      seconds at the queue
    X(k) = k / (L + R(k))      requests per second
    Q(k) = X(k) R(k)           requests at the queue (Little's law)

The queue is a worker's interpreter, where a page needs s seconds of CPU. The delay is the site,
which takes L seconds for any number of requests. The solution is exact for an exponential s and for
any distribution of L. An s that varies less causes shorter queues, so that near the knee the
throughput is a little higher.
"""

from __future__ import annotations


def throughput(in_flight: int, service_s: float, latency_s: float) -> float:
    """Return X(in_flight) in requests/s; 0 with nothing in flight.

    service_s: s. latency_s: L. Both are at least 0, and not both are 0.
    """
    queue = rate = 0.0
    for k in range(1, in_flight + 1):
        response_s = service_s * (1 + queue)
        rate = k / (latency_s + response_s)
        queue = rate * response_s
    return rate


def queue_length(in_flight: int, service_s: float, latency_s: float) -> float:
    """Return Q(in_flight): the mean number of requests at the queue."""
    return in_flight - throughput(in_flight, service_s, latency_s) * latency_s
