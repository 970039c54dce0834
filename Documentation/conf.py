# SPDX-License-Identifier: GPL-2.0
"""Sphinx: what `make html' makes of these pages.  Documentation/build calls it."""

import os
import sys

from docutils import nodes

top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The kernel's own extension and script, as Documentation/build has unpacked them
kernel = os.path.join(top, 'out/kernel-doc')
sys.path.insert(0, os.path.join(kernel, 'Documentation/sphinx'))

project = 'PIO hypercall kit'
extensions = ['kerneldoc']
kerneldoc_bin = os.path.join(kernel, 'scripts/kernel-doc')
kerneldoc_srctree = top
kerneldoc_verbosity = 1
exclude_patterns = ['figures']
html_static_path = ['style.css']
html_css_files = ['style.css']
primary_domain = 'c'
highlight_language = 'none'
# What the compiler is to ignore in a declaration, and types that are the kernel's
c_id_attributes = ['noinstr', '__iomem', '__exit', '__init', '__user']
nitpick_ignore_regex = [('c:identifier', r'(?!(pio|hcall)_).*')]

html_theme = 'alabaster'
html_theme_options = {'page_width': '1100px', 'sidebar_width': '240px', 'show_powered_by': False}
html_show_copyright = False
html_copy_source = False


def link_pages(app, doctree, here):
    """Make a link of ``page.rst``, by which pages name each other."""
    for literal in list(doctree.findall(nodes.literal)):
        name = literal.astext().removeprefix('Documentation/')
        page = name.removesuffix('.rst')
        if name == page or page == here or page not in app.env.found_docs:
            continue
        link = nodes.reference(internal=True,
                               refuri=app.builder.get_relative_uri(here, page))
        literal.replace_self(link)
        link += literal


def setup(app):
    """Called by Sphinx."""
    app.connect('doctree-resolved', link_pages)
