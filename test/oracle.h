/* oracle.h - the exhaustive twin of core/query: counts words in raw documents, scores every one, sorts all.
 *
 * It shares with the engine only the formula of one posting (core/query/rank.h, checked apart) and the length classes. Queries are trees that the
 * test makes; oracle_text writes them in the query language. */
#ifndef TEST_ORACLE_H
#define TEST_ORACLE_H

#include "core/query/query.h"
#include "core/query/rank.h"

struct oracle_doc {
	uint16_t *words;
	uint32_t n;
	char id[24];
	bool live, staged;
	uint32_t leaf;
	docid_t doc;
};

enum onode_kind { O_WORD, O_PHRASE, O_GROUP };
enum onode_how { HOW_LIST, HOW_AND, HOW_OR }; /* of a group: juxtaposed, or joined by AND or OR */

struct onode {
	enum onode_kind kind;
	enum onode_how how;
	char sign; /* 0, '+', '-' */
	uint16_t words[6];
	uint32_t n; /* words or children */
	struct onode *child[6];
};

struct oracle {
	struct oracle_doc *docs;
	uint32_t ndocs, nwords;
	uint32_t *df; /* by word */
	uint64_t total_length;
	uint32_t nindexed;
	struct ranking rank;
};

void oracle_word(uint16_t w, char out[24]);
void oracle_count(struct oracle *); /* after docs and nwords were set */
void oracle_text(const struct onode *, char *out); /* appends */
/* All hits, best first. rank.magic must have been set. Returns their number. */
uint32_t oracle_search(struct oracle *, const struct onode *, enum query_rank, bool op_and, struct query_hit *hits, struct oracle_doc **docs);

#endif
