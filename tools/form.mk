# SPDX-License-Identifier: ISC

#: format           formats every C file as .clang-format says; CLANG_FORMAT names a clang-format 14 if it has another name
format:
	@CLANG_FORMAT='$(CLANG_FORMAT)' tools/format.sh

.PHONY: format
