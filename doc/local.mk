# doc: what this folder adds to the build.
EXTRA_DIST += doc/format.md doc/query.md
