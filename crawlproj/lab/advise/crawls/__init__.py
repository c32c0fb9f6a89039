"""Crawls of a workload, on the lab's site or the user's, and the samples taken of them."""
