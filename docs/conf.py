"""How Sphinx builds the documentation; run it with ``make docs``."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "crawlproj"
author = "crawlproj contributors"
project_copyright = author
version = release = installed_version("crawlproj")

extensions = ["myst_parser", "sphinx.ext.autodoc", "field_lines", "public_names"]
exclude_patterns = ["_ext", "_templates"]
templates_path = ["_templates"]
nitpicky = True  # a reference to a name of ours that no page documents fails the build
nitpick_ignore_regex = [
    (r"py:.*", r"(?!crawlproj\.).*"),  # other projects' names
    # internal types in signatures
    (r"py:class", r"crawlproj\.(limits\.site|links\.(traps|file_names))\..*"),
]

smartquotes = False  # docstrings quote code

myst_enable_extensions = ["fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 80
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "crawlproj"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_copy_source = False
html_domain_indices = False
html_show_sphinx = False
html_sidebars = {"**": ["all-pages"]}
html_theme_options = {
    "logo": {"text": "crawlproj"},
    "navbar_start": ["navbar-logo"],
    "navbar_center": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
