/* fuzz_query.c - any bytes as a query over a small index: refused with "column N", or answered; never a fault, never without end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/query/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct snapshot *snap;
static struct analyzer *an;

static void setup(void)
{
	static const char *const texts[] = {"a b c", "a a b wi-fi", "the quick brown fox", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", ""};
	struct analyzer_params p = {.language = "en", .fold = true};
	snap = calloc(1, sizeof(*snap) + sizeof(snap->leaves[0]));
	struct leaf *l = &snap->leaves[0];
	if (analyzer_new(&p, &an, NULL) < 0 || !snap || memtable_new(&l->mem) < 0)
		abort();
	snap->nleaves = 1;
	snap->seq = 1;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char id = (char)('a' + i);
		docid_t no;
		struct rk_doc d = {.id = &id, .id_len = 1, .content = (const uint8_t *)texts[i], .content_len = strlen(texts[i])};
		if (memtable_add(l->mem, an, &d, &no) < 0)
			abort();
	}
	struct memtable_stats st;
	l->limit = memtable_ndocs(l->mem);
	memtable_stats(l->mem, l->limit, &st);
	l->norms = memtable_norms(l->mem);
	l->dead = memtable_dead(l->mem);
	snap->nindexed = st.nindexed;
	snap->total_length = st.total_length;
}

/* The first byte chooses options, the rest is the query. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query_options o;
	struct query_result r = {0};
	struct rk_err err = {{0}};
	struct rk_buf id = {0};
	if (!snap)
		setup();
	query_options_init(&o);
	if (size) {
		o.op = data[0] & 1 ? QUERY_AND : QUERY_OR;
		o.rank = data[0] & 2 ? RANK_TFIDF : RANK_BM25;
		o.format = (enum query_format)((data[0] >> 2) % 5);
		data++;
		size--;
	}
	int rc = query_run(snap, an, (const char *)data, size, &o, NULL, &r, &err);
	if (rc != 0 && rc != -EINVAL && rc != -E2BIG)
		abort();
	if (rc != 0 && strncmp(err.msg, "column ", 7) != 0)
		abort();
	rk_buf_done(&r.text);
	(void)path_to_id((const char *)data, size, &id);
	rk_buf_done(&id);
	return 0;
}
