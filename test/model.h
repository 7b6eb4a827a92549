/* model.h - drives an index through its files and whole documents beside a plain map from id to content, and compares the two. */
#ifndef TEST_MODEL_H
#define TEST_MODEL_H

#include "core/index/inbox.h"
#include "core/index/index.h"

enum { MODEL_IDS = 40, MODEL_MAX = 400 };

/* What is known of one id: the last acknowledged content (NULL: none), and what an unacknowledged change may have made of it instead. */
enum { MODEL_ALTS = 4 };
struct model_doc {
	char *content;
	unsigned nalts;
	bool sticky; /* some pieces were acknowledged, then one was refused: a later crash may still bring the acknowledged ones back */
	char *alts[MODEL_ALTS];
};

struct model {
	struct model_doc docs[MODEL_IDS];
	uint64_t rng;
	uint64_t ops;
};

/* A copy, so that many crash states can be compared with one history. */
void model_copy(const struct model *, struct model *ret);
void model_init(struct model *, uint64_t seed);
void model_done(struct model *);
uint32_t model_rand(struct model *, uint32_t n);
void model_id(unsigned i, char id[64]);

/* One random change through the index; its outcome goes into the model. Returns 0 when acknowledged, the error otherwise. */
int model_step(struct model *, struct index *);

/* Everything acknowledged is there with its last content, nothing else is; unacknowledged attempts are whole or absent and are settled to what was found.
 * Returns 0, or -1 with the first difference in words. */
int model_compare(struct model *, struct index *, char words[512]);

/* One write session as a shell does it: open (flags), flush, pieces, flush, release. ret_pieces (may be NULL): how many were acknowledged. */
int model_write_file(struct index *, const char *path, int flags, const char *content, unsigned pieces, unsigned *ret_pieces);

#endif
