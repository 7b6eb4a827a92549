# core/segment: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES += \
	core/segment/cursor.h \
	core/segment/doc.h \
	core/segment/id_write.c \
	core/segment/impacts.c core/segment/impacts_private.h \
	core/segment/list_write.c \
	core/segment/norm.c \
	core/segment/pfor.c core/segment/pfor_private.h \
	core/segment/seg_check.c \
	core/segment/seg_cursor.c \
	core/segment/seg_format_private.h \
	core/segment/seg_ids.c \
	core/segment/seg_open.c core/segment/seg_open_private.h \
	core/segment/seg_out.c \
	core/segment/seg_store.c \
	core/segment/seg_terms.c \
	core/segment/seg_write.c core/segment/seg_write.h core/segment/seg_write_private.h \
	core/segment/segment.c core/segment/segment.h core/segment/segment_private.h \
	core/segment/store_write.c \
	core/segment/tombstones.c core/segment/tombstones.h

unit_tests += test/t_segment
test_t_segment_SOURCES = test/t_segment.c test/segment_model.c test/segment_model.h
test_t_segment_LDADD = $(TEST_LIBS)

unit_tests += test/fuzz/fuzz_segment
test_fuzz_fuzz_segment_SOURCES = test/fuzz/fuzz_segment.c test/segment_model.c test/segment_model.h
test_fuzz_fuzz_segment_LDADD = $(TEST_LIBS)
