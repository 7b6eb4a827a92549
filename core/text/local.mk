# core/text: its sources, and its unit tests (built from test/t_*.c).
librankfs_a_SOURCES +=
