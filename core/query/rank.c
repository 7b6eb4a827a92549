/* rank.c - BM25 and TF-IDF; see rank.h. */
#include "core/query/rank.h"

#include <string.h>

#include "core/segment/seg_write.h"

static const double K1 = 1.2, B = 0.75;

/* ln by x = m * 2^e with m in [sqrt(1/2), sqrt(2)) and ln m = 2 atanh((m - 1) / (m + 1)): within 2 units in the last place, the same bits everywhere. */
double rank_ln(double x)
{
	int e;
	double m = frexp(x, &e);
	if (m < 0.70710678118654752440) {
		m *= 2;
		e--;
	}
	double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
	for (int n = 25; n >= 3; n -= 2)
		sum = (sum + 1.0 / n) * s2;
	return (double)e * 0.69314718055994530942 + (2 * s + 2 * s * sum);
}

double rank_weight(enum query_rank kind, uint64_t ndocs, uint64_t df)
{
	double n = (double)ndocs, d = (double)df;
	if (df == 0)
		return 0;
	if (kind == RANK_TFIDF)
		return rank_ln(1 + n / d);
	return rank_ln(1 + (n > d ? n - d + 0.5 : 0.5) / (d + 0.5));
}

void rank_init(struct ranking *r, enum query_rank kind, uint64_t ndocs, uint64_t total_length)
{
	double average = ndocs && total_length ? (double)total_length / (double)ndocs : 1;
	if (r->average != average) {
		for (unsigned i = 0; i < 256; i++)
			r->ninv[i] = 1.0 / (K1 * ((1 - B) + B * (double)norm_decode((uint8_t)i) / average));
		for (unsigned i = 0; i < 256; i++)
			r->ninvf[i] = (float)r->ninv[i];
		r->average = average;
	}
	if (kind == RANK_TFIDF && r->lntf[0] == 0) {
		r->lntf[0] = 1 + rank_ln(4294967296.0);
		for (unsigned i = 1; i < 256; i++)
			r->lntf[i] = 1 + rank_ln(i);
	}
	r->kind = kind;
}

void rank_set_quantum(struct ranking *r, double sum, double tf_factor)
{
	double quantum = sum * tf_factor < 2048 ? 0x1p-40 : 0x1p-22;
	r->magic = 1.5 * 0x1p52 * quantum;
}

double rank_tfidf(const struct ranking *r, double w, uint32_t tf)
{
	return rank_round(r, w * (tf < 256 ? r->lntf[tf] : 1 + rank_ln(tf)));
}

double rank_bound(const struct ranking *r, double w, const struct impact *f, unsigned n)
{
	double best = 0;
	for (unsigned i = 0; i < n; i++) {
		double s;
		if (f[i].tf == 255)
			s = rank_round(r, r->kind == RANK_TFIDF ? w * r->lntf[0] : w);
		else
			s = rank_score(r, w, f[i].tf, f[i].norm);
		if (s > best)
			best = s;
	}
	return best;
}

/* w - w / (1 + x) >= need, solved for x. Half a quantum may have been rounded away, and floats err by less than a millionth. */
float rank_least_ratio(const struct ranking *r, double w, double need)
{
	double quantum = r->magic / (1.5 * 0x1p52);
	need -= quantum;
	if (need <= 0 || r->kind != RANK_BM25)
		return -1;
	if (need >= w)
		return 0x1p120f;
	double x = need / (w - need) * (1 - 1e-6);
	return x < 0x1p100 ? (float)x * (1 - 1e-6f) : 0x1p100f;
}

double rank_least(float t)
{
	uint32_t bits;
	uint64_t up;
	float below;
	if (t <= 0)
		return -1;
	memcpy(&bits, &t, sizeof(bits));
	bits--; /* the float below a positive one */
	memcpy(&below, &bits, sizeof(bits));
	double middle = ((double)below + (double)t) / 2;
	if ((float)middle >= t)
		return middle;
	memcpy(&up, &middle, sizeof(up));
	up++;
	memcpy(&middle, &up, sizeof(up));
	return middle;
}
