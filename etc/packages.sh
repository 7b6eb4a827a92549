#!/bin/sh
# packages.sh - the Debian packages that rankfs needs: packages.sh build | test | bench. The one list that quickstart, run-tests and CI read.
build='build-essential autoconf automake pkg-config fuse3 libfuse3-dev libzstd-dev libxxhash-dev libjson-c-dev libinih-dev libstemmer-dev libunistring-dev'
test='libcunit1-dev clang attr zstd rsync vim busybox tar strace curl perl python3 patch cpio ed'
bench='libsqlite3-dev libxapian-dev zstd'
case ${1:-build} in
build) echo "$build" ;;
test) echo "$build $test" ;;
bench) echo "$build $bench" ;;
*) echo "usage: packages.sh build|test|bench" >&2; exit 2 ;;
esac
