# SPDX-License-Identifier: ISC

#: format           formats every C file as .clang-format says; CLANG_FORMAT names a clang-format 14 if it has another name
format:
	@CLANG_FORMAT='$(CLANG_FORMAT)' tools/format.sh

#: lint             clang-tidy's bugprone checks, and cppcheck, each where it is installed
lint: $(ROOTS)
	@tools/lint.sh $(B)/layers $(LAYERS)

#: check-matrix     check with gcc, clang and sanitizers, as root, as an ordinary user, on fresh Debians; ROWS="gcc user ..." only those
check-matrix:
	@tools/matrix.sh $(ROWS)

.PHONY: format lint check-matrix
