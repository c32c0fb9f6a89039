from __future__ import annotations

from crawlproj.report.written import compared, files_written, parquet_written

COUNTS = {
    "parquet/rows": 1200,
    "parquet/files": 2,
    "parquet/bytes": 34_567,
    "files/saved": 3,
    "files/bytes": 1000,
    "store/pages": 10,
    "store/checks": 5,
    "store/changes/new": 4,
    "store/changes/changed": 3,
    "store/changes/gone": 1,
}


def test_the_summary_names_the_place_of_each_output() -> None:
    assert parquet_written("s3://b/p", COUNTS) == "s3://b/p: 1,200 rows in 2 files (34,567 bytes)"
    one = {"parquet/rows": 1, "parquet/files": 1, "parquet/bytes": 900}
    assert parquet_written("parquet", one) == "parquet: 1 row in 1 file (900 bytes)"
    assert files_written("files", COUNTS) == "files: 3 new (1,000 bytes), 0 already there"


def test_a_url_that_the_workers_will_refuse_shows_no_secret() -> None:
    url = "s3://key:s3cret@bucket/p?secret_key=s3cret"
    assert parquet_written(url, {}).startswith("s3://***@bucket/p?***: 0 rows")
    assert files_written(url, {}).startswith("s3://***@bucket/p?***: 0 new")
    assert files_written("my files & more", {}).startswith("my files & more: ")


def test_output_that_a_crawl_does_not_write_has_no_place() -> None:
    assert parquet_written("", COUNTS) == files_written("", COUNTS) == ""


def test_a_stored_page_that_is_neither_new_nor_changed_had_the_same_content() -> None:
    assert compared(COUNTS) == {
        "not modified": 5,
        "with the same content": 3,
        "changed": 3,
        "new": 4,
        "gone": 1,
    }
    assert compared({}) == {}
