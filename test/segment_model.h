/* segment_model.h - a naive twin of a segment in plain arrays: made from a seed, written through seg_write, compared with what seg_* answers.
 *
 * Shared by t_segment and fuzz_segment. Comparing gives 0 for equal, -EUCLEAN when something was refused, and 1 for a wrong answer. */
#ifndef TEST_SEGMENT_MODEL_H
#define TEST_SEGMENT_MODEL_H

#include "core/dir/directory.h"
#include "core/segment/seg_write.h"
#include "core/segment/segment.h"

struct model_doc {
	struct rk_doc doc; /* owns its bytes */
	uint32_t length;
};

struct model_term {
	char *bytes;
	size_t len;
	uint32_t df;
	uint64_t cf;
	uint32_t *docs, *tfs, *pos; /* pos: all documents' positions, one behind the other */
};

struct model {
	uint64_t seed;
	uint32_t ndocs, nterms;
	struct model_doc *docs;
	struct model_term *terms; /* in byte order */
	uint64_t npostings, npositions, total_length, text_bytes;
	uint32_t nindexed;
	int level; /* of compression, for model_write */
};

struct model_shape {
	uint32_t ndocs, nterms; /* nterms: random ones beside those of `dfs` */
	const uint32_t *dfs;
	uint32_t ndfs;
	uint32_t max_content; /* of ordinary documents */
	bool huge;	      /* one of 3 MB, tfs over 65535, positions to 2^32 - 1 */
};

uint64_t model_random(uint64_t *seed);
void model_make(struct model *, const struct model_shape *, uint64_t seed);
void model_free(struct model *);
int model_write(const struct model *, struct rk_dir *, uint64_t id, bool content, struct rk_err *);
int model_compare(const struct model *, const struct seg *, bool content, const char **ret_what);

/* Files of a segment as bytes that a test may change: a directory that only maps, each time a fresh exact allocation. */
enum { FLAT_META, FLAT_STORE, FLAT_POSTINGS, FLAT_POSITIONS, FLAT_COUNT };
struct flat {
	struct rk_dir dir; /* first */
	uint64_t id;
	struct rk_buf file[FLAT_COUNT];
	bool fresh; /* maps are copies of exact size, so that a sanitizer sees an over-read; else the bytes themselves */
};
int flat_init(struct flat *, struct rk_dir *from, uint64_t id);
void flat_done(struct flat *);
void flat_forge(struct flat *); /* makes every checksum right again, wherever the frame still allows it */
int read_everything(const struct seg *); /* through the whole API, believing nothing; 0 or the first refusal */

#endif
