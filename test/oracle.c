/* oracle.c - see oracle.h. */
#include "test/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/segment/seg_write.h"

void oracle_word(uint16_t w, char out[24])
{
	sprintf(out, "q%uz", w);
}

void oracle_count(struct oracle *o)
{
	o->df = calloc(o->nwords, sizeof(*o->df));
	uint32_t *seen = calloc(o->nwords, sizeof(*seen));
	o->total_length = o->nindexed = 0;
	for (uint32_t d = 0; d < o->ndocs; d++) {
		const struct oracle_doc *doc = &o->docs[d];
		if (doc->staged)
			continue;
		o->nindexed += doc->n != 0;
		o->total_length += doc->n;
		for (uint32_t i = 0; i < doc->n; i++)
			if (seen[doc->words[i]] != d + 1) {
				seen[doc->words[i]] = d + 1;
				o->df[doc->words[i]]++;
			}
	}
	free(seen);
}

void oracle_text(const struct onode *n, char *out)
{
	char w[24];
	out += strlen(out);
	if (n->sign)
		*out++ = n->sign;
	*out = 0;
	if (n->kind == O_WORD) {
		oracle_word(n->words[0], out);
	} else if (n->kind == O_PHRASE) {
		strcpy(out, "\"");
		for (uint32_t i = 0; i < n->n; i++) {
			oracle_word(n->words[i], w);
			strcat(strcat(out, i ? " " : ""), w);
		}
		strcat(out, "\"");
	} else {
		strcpy(out, "(");
		for (uint32_t i = 0; i < n->n; i++) {
			strcat(out, i == 0 ? "" : n->how == HOW_AND ? " AND " : n->how == HOW_OR ? " OR " : " ");
			oracle_text(n->child[i], out);
		}
		strcat(out, ")");
	}
}

static uint32_t count(const struct oracle_doc *d, const struct onode *n)
{
	uint32_t len = n->kind == O_WORD ? 1 : n->n, tf = 0;
	for (uint32_t i = 0; i + len <= d->n; i++)
		tf += memcmp(d->words + i, n->words, len * sizeof(*n->words)) == 0;
	return tf;
}

static double weight(const struct oracle *o, const struct onode *n)
{
	double w = 0;
	if (n->kind == O_GROUP) {
		for (uint32_t i = 0; i < n->n; i++)
			w += weight(o, n->child[i]);
		return w;
	}
	for (uint32_t i = 0; i < (n->kind == O_WORD ? 1 : n->n); i++)
		w += rank_weight(o->rank.kind, o->nindexed, o->df[n->words[i]]);
	return w;
}

static bool eval(struct oracle *o, const struct onode *n, bool op_and, const struct oracle_doc *d, double *ret);

static bool eval_group(struct oracle *o, const struct onode *n, bool op_and, const struct oracle_doc *d, double *ret)
{
	bool any = false, musts = false, optional = false;
	*ret = 0;
	for (uint32_t i = 0; i < n->n; i++) {
		const struct onode *c = n->child[i];
		double s = 0;
		bool not = c->sign == '-', must = c->sign == '+' || n->how == HOW_AND || (n->how == HOW_LIST && op_and);
		bool matches = eval(o, c, op_and, d, &s);
		if (n->how == HOW_OR) {
			/* each side is a query of its own */
			if (matches != not)
				any = true;
			optional = true;
			if (matches && !not)
				*ret += s;
			continue;
		}
		if (not ? matches : must && !matches)
			return false;
		musts = musts || (must && !not);
		optional = optional || (!must && !not);
		any = any || (matches && !not);
		if (matches && !not)
			*ret += s;
	}
	return any || (!optional && (musts || n->n));
}

static bool eval(struct oracle *o, const struct onode *n, bool op_and, const struct oracle_doc *d, double *ret)
{
	if (n->kind == O_GROUP)
		return eval_group(o, n, op_and, d, ret);
	uint32_t tf = count(d, n);
	*ret = tf ? rank_score(&o->rank, weight(o, n), tf, norm_encode(d->n)) : 0;
	return tf != 0;
}

struct ranked {
	float score;
	struct oracle_doc *d;
};

static int best_first(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;
	return a->score != b->score ? (a->score < b->score ? 1 : -1) : strcmp(a->d->id, b->d->id);
}

uint32_t oracle_search(struct oracle *o, const struct onode *q, enum query_rank kind, bool op_and, struct query_hit *hits, struct oracle_doc **docs)
{
	struct ranked *all = malloc((o->ndocs + 1) * sizeof(*all));
	uint32_t n = 0;
	rank_init(&o->rank, kind, o->nindexed, o->total_length);
	rank_set_quantum(&o->rank, weight(o, q), kind == RANK_TFIDF ? o->rank.lntf[0] : 1);
	for (uint32_t i = 0; i < o->ndocs; i++) {
		double s;
		if (o->docs[i].live && !o->docs[i].staged && eval(o, q, op_and, &o->docs[i], &s))
			all[n++] = (struct ranked){(float)s, &o->docs[i]};
	}
	qsort(all, n, sizeof(*all), best_first);
	for (uint32_t i = 0; i < n; i++) {
		hits[i] = (struct query_hit){all[i].score, all[i].d->leaf, all[i].d->doc};
		docs[i] = all[i].d;
	}
	free(all);
	return n;
}
