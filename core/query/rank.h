/* rank.h - the ranking formulas, and numbers that are the same bits with every machine, order and algorithm.
 *
 * BM25 (Robertson et al., "Okapi at TREC-3", 1994) in Lucene's form: weight = ln(1 + (N - df + 0.5) / (df + 0.5)), a posting gives
 * weight * tf / (tf + K), K = k1 * (1 - b + b * length / average), k1 = 1.2, b = 0.75, length as its one-byte class (norm_decode).
 * TF-IDF: weight = ln(1 + N / df), a posting gives (1 + ln tf) * weight; lengths do not count.
 *
 * A contribution is a double, computed with operations that IEEE 754 rounds alike everywhere (a logarithm of our own, no fused multiply-add) and
 * rounded to a multiple of 2^-40 (2^-22 when the query's weights sum to 2^11 or more): sums are exact, so their order never matters.
 * Each operation is monotone, so a posting with higher tf or shorter length never gets less. */
#ifndef CORE_QUERY_RANK_H
#define CORE_QUERY_RANK_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/query/query.h"

struct ranking {
	enum query_rank kind;
	double magic;	   /* 1.5 * 2^52 * quantum: adding and subtracting it rounds */
	double ninv[256];  /* 1 / K by norm byte */
	float ninvf[256];  /* the same, for first looks */
	double average;	   /* what ninv was made for */
	double lntf[256];  /* 1 + ln tf for TF-IDF; [0] is the bound for 255 and more */
};

double rank_ln(double x); /* x >= 1 */
double rank_weight(enum query_rank, uint64_t ndocs, uint64_t df);
void rank_init(struct ranking *, enum query_rank, uint64_t ndocs, uint64_t total_length); /* keeps tables that still hold */
void rank_set_quantum(struct ranking *, double sum_of_weights, double tf_factor);

static inline double rank_round(const struct ranking *r, double c)
{
	return (c + r->magic) - r->magic;
}

double rank_tfidf(const struct ranking *, double w, uint32_t tf);

/* What one posting gives. */
static inline double rank_score(const struct ranking *r, double w, uint32_t tf, uint8_t norm)
{
	if (r->kind == RANK_TFIDF)
		return rank_tfidf(r, w, tf);
	return rank_round(r, w - w / (1.0 + (double)tf * r->ninv[norm]));
}

/* The most that any posting below these pairs gives. tf 255 means 255 and more. */
double rank_bound(const struct ranking *, double w, const struct impact *, unsigned n);

/* tf / K that a posting needs at least to give `need` or more, a little less to be safe: rank_score >= need implies (float)tf * ninvf >= it. */
float rank_least_ratio(const struct ranking *, double w, double need);

/* The smallest double that, as a float, is at least t. */
double rank_least(float t);

#endif
