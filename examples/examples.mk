# SPDX-License-Identifier: ISC

$(B)/torn: examples/torn.c $(B)/libatomicdir.a
	$(LINK) -Iinclude -o $@ $< $(B)/libatomicdir.a -pthread

$(B)/rotation: examples/rotation.c $(B)/flags
	$(LINK) -o $@ $<

#: demo             readers that count torn reads, for each way of replacing a certificate and its key
demo: all $(B)/torn $(B)/rotation
	@$(B)/torn
	@sh examples/demo.sh

.PHONY: demo
