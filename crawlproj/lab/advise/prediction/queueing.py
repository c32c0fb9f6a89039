"""A closed queueing network of one queue and one delay, solved exactly. Pure.

Mean Value Analysis: M. Reiser and S. S. Lavenberg, "Mean-Value Analysis of Closed Multichain
Queuing Networks", Journal of the ACM 27 (2), 1980, pages 313-322. A request that arrives at the
queue finds there what a network with one request less has there on average, so for k = 1, 2, …::

    R(k) = s (1 + Q(k-1))      seconds at the queue
    X(k) = k / (L + R(k))      requests a second
    Q(k) = X(k) R(k)           requests at the queue (Little's law)

The queue is a worker's interpreter, s the CPU seconds that a page costs it; the delay is the site,
L the seconds it takes, however many ask. Exact for exponential s, and for any distribution of L;
an s that varies less queues less, so that near the knee a little more comes through.
"""

from __future__ import annotations


def throughput(in_flight: int, service_s: float, latency_s: float) -> float:
    """Return X(in_flight) in requests/s; 0 with nothing in flight.

    service_s: s, at least 0. latency_s: L, at least 0; they are not both 0.
    """
    queue = rate = 0.0
    for k in range(1, in_flight + 1):
        response_s = service_s * (1 + queue)
        rate = k / (latency_s + response_s)
        queue = rate * response_s
    return rate


def queued(in_flight: int, service_s: float, latency_s: float) -> float:
    """Return Q(in_flight): how many requests are at the queue on average."""
    return in_flight - throughput(in_flight, service_s, latency_s) * latency_s
