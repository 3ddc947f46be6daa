# SPDX-License-Identifier: ISC
"""A file for each program; readers.tsv names their classes."""
