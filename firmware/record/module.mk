# SPDX-License-Identifier: GPL-2.0-or-later
RECORD := objmap signed codec trust trust_dir envelope evidence evidence_file evidence_proof device settings settings_text hubecho ndtmsg offer
PROTOS := root catalogue enrol report manage
PB := $(PROTOS:%=$(B)/gen/firmware/record/%.pb)
GEN += $(PB:%=%.h)
LINK.record := -lprotobuf-nanopb
$(eval $(call lib,record,$(RECORD:%=firmware/record/%.c) $(PB:%=%.c),base,libsodium))

# Named one by one: what only a pattern names is taken away after the build.
define proto
$(B)/gen/firmware/record/$(1).pb.c $(B)/gen/firmware/record/$(1).pb.h &: firmware/record/$(1).proto firmware/record/$(1).options
	$$(call say,PB,$$<)
	@mkdir -p $(B)/gen
	$$(Q)protoc --plugin=protoc-gen-nanopb=/usr/bin/protoc-gen-nanopb --nanopb_out=$(B)/gen $$<
endef
$(foreach p,$(PROTOS),$(eval $(call proto,$(p))))

$(foreach u,$(RECORD),$(if $(wildcard tests/unit/record/$(u)_test.c),$(eval $(call unit,record_$(u),tests/unit/record/$(u)_test.c,record base))))
$(foreach f,objmap signed trust envelope codec evidence settings ndtmsg offer,$(eval $(call fuzzer,$(f),tests/fuzz/$(f)_fuzz.c,record base)))
