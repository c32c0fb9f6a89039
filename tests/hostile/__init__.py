"""A server of hostile answers, and a crawl of all of them beside a healthy site."""
