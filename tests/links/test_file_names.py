"""FileNames finds out where URLs that end like files are pages."""

from __future__ import annotations

from crawlproj.content.chosen_types import ChosenTypes
from crawlproj.links.file_names import FileNames

HOST = "http://a.example"


def told(*files: str, pages: tuple[str, ...] = ()) -> FileNames:
    names = FileNames()
    for path in files:
        names.learn(HOST + path, is_page=False)
    for path in pages:
        names.learn(HOST + path, is_page=True)
    return names


def test_the_first_names_of_a_directory_are_asked_for() -> None:
    names = told("/files/1.pdf", "/files/2.pdf")
    assert names.asks(f"{HOST}/files/3.pdf")
    names.learn(f"{HOST}/files/3.pdf", is_page=False)
    assert not names.asks(f"{HOST}/files/4.pdf")
    assert names.asks(f"{HOST}/files/4.png"), "nothing is known of this extension"
    assert names.asks(f"{HOST}/wiki/4.pdf"), "nothing is known of this directory"


def test_bundles_are_never_asked_for() -> None:
    names = told(pages=("/wiki/a.png",))
    assert not names.asks(f"{HOST}/wiki/a.tar.gz")
    assert not names.asks(f"{HOST}/wiki/a.tar.xz")
    assert not names.asks(f"{HOST}/wiki/a.war")
    assert not names.asks(f"{HOST}/wiki/setup.exe?version=2")
    assert names.asks(f"{HOST}/man/man1/ls.1.gz?type=man"), "it holds one file, which may be shown"


def test_a_directory_with_pages_goes_on_and_one_beside_it_does_not() -> None:
    names = told("/raw/1/a.py", "/raw/2/a.py", "/raw/3/a.py", pages=("/file/1/a.py",))
    assert names.asks(f"{HOST}/file/9/b.py")
    assert not names.asks(f"{HOST}/raw/9/b.py")


def test_the_inner_directory_decides_before_the_outer_one() -> None:
    files = tuple(f"/w/images/{n}.png" for n in range(3))
    names = told(*files, pages=("/w/index.php/File:0.png",))
    assert not names.asks(f"{HOST}/w/images/9.png")
    assert names.asks(f"{HOST}/w/index.php/File:9.png")
    assert names.asks(f"{HOST}/w/other/9.png"), "the outer directory has pages"


def test_a_page_among_many_files_does_not_keep_a_directory_open() -> None:
    names = told(*(f"/files/{n}.pdf" for n in range(6)), pages=("/files/login.pdf",))
    assert not names.asks(f"{HOST}/files/9.pdf")


def test_what_is_in_no_directory_is_not_asked_for() -> None:
    names = FileNames()
    assert not names.asks(f"{HOST}/paper.pdf")
    assert names.asks(f"{HOST}/paper")


def test_a_site_with_a_file_in_each_directory_is_asked_thirty_times() -> None:
    names = told(*(f"/post-{'x' * n}/photo.jpg" for n in range(29)), pages=("/wiki/a.jpg",))
    assert names.asks(f"{HOST}/another/photo.jpg")
    names.learn(f"{HOST}/another/photo.jpg", is_page=False)
    assert not names.asks(f"{HOST}/one-more/photo.jpg")
    assert names.asks(f"{HOST}/wiki/b.jpg")


def test_other_names_and_chosen_ones_are_always_asked_for() -> None:
    names = FileNames(lambda extension: extension == ".pdf")
    for n in range(9):
        names.learn(f"{HOST}/files/{n}.png", is_page=False)
    assert names.asks(f"{HOST}/files/paper.pdf")
    assert names.asks(f"{HOST}/files/page.html")
    assert names.has(f"{HOST}/files/9.png")
    assert not names.has(f"{HOST}/files/paper.pdf")


def test_packages_are_never_asked_for_and_data_three_times() -> None:
    names = told("/rows/1.json", "/rows/2.json", "/rows/3.json")
    assert not names.asks(f"{HOST}/rows/4.json?shape=array")
    assert names.asks(f"{HOST}/rows/4.csv")
    assert not names.asks(f"{HOST}/export.csv")
    assert not names.asks(f"{HOST}/pool/a/apt_2.6.1_amd64.deb")
    assert not names.asks(f"{HOST}/simple/x/x-1.0-py3-none-any.whl")


def test_sources_of_data_in_a_code_browser_are_pages() -> None:
    names = told("/raw/a.json", "/raw/b.json", "/raw/c.json", pages=("/blob/a.json",))
    assert names.asks(f"{HOST}/blob/b.json")
    assert not names.asks(f"{HOST}/raw/d.json")


def test_data_and_packages_that_the_user_chose_are_asked_for() -> None:
    types = ChosenTypes(["html", "json", "deb", "whl"])
    names = FileNames(types.allow_extension)
    assert names.asks(f"{HOST}/export.json")
    assert names.asks(f"{HOST}/pool/a/apt_2.6.1_amd64.deb")
    assert names.asks(f"{HOST}/x-1.0-py3-none-any.whl")
    assert not names.asks(f"{HOST}/export.csv")
