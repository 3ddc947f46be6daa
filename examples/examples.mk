# SPDX-License-Identifier: ISC

$(B)/torn: examples/torn.c $(B)/libatomicdir.a
	$(LINK) -Iinclude -o $@ $< $(B)/libatomicdir.a -pthread

$(B)/rotation: examples/rotation.c $(B)/flags
	$(LINK) -o $@ $<

#: demo             readers that count torn reads: while files are replaced one by one, and while a directory is
demo: all $(B)/torn $(B)/rotation
	@$(B)/torn
	@sh examples/demo.sh

.PHONY: demo
