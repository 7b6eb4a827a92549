/* impacts.c - frontiers of (tf, length byte) pairs; see impacts_private.h. */
#include "core/segment/impacts_private.h"

#include "core/segment/seg_write.h"

void impacts_weights(uint32_t nindexed, uint64_t total_length, float weight[256])
{
	float average = nindexed ? (float)((double)total_length / nindexed) : 1.0f;
	if (!(average >= 1.0f))
		average = 1.0f;
	for (unsigned i = 0; i < 256; i++)
		weight[i] = 1.2f * (0.25f + 0.75f * (float)norm_decode((uint8_t)i) / average);
}

void impacts_merge(struct impacts *to, const struct impacts *from)
{
	for (uint32_t tf = from->top; tf; tf--)
		if (from->least[tf] <= 255)
			impacts_add(to, tf, (uint8_t)from->least[tf]);
}

static float bound(struct impact p, const float *weight)
{
	return (float)p.tf / ((float)p.tf + weight[p.norm]);
}

/* p: largest tf first, norms falling with it. Joining i and i + 1 gives the tf of the first and the norm of the second. */
static unsigned merge_cheapest(struct impact *p, unsigned n, const float *weight)
{
	unsigned best = 0;
	float least = 4.0f;
	for (unsigned i = 0; i + 1 < n; i++) {
		struct impact both = {p[i].tf, p[i + 1].norm};
		float a = bound(p[i], weight), b = bound(p[i + 1], weight);
		float cost = bound(both, weight) - (a > b ? a : b);
		if (cost < least) {
			least = cost;
			best = i;
		}
	}
	p[best].norm = p[best + 1].norm;
	memmove(p + best + 1, p + best + 2, (n - best - 2) * sizeof(*p));
	return n - 1;
}

unsigned impacts_take(struct impacts *f, const float weight[256], struct impact ret[IMPACT_MAX])
{
	struct impact p[256];
	unsigned n = 0, norm = 256;
	for (uint32_t tf = f->top; tf; tf--) {
		if (f->least[tf] < norm) {
			norm = f->least[tf];
			p[n++] = (struct impact){(uint8_t)tf, (uint8_t)norm};
		}
	}
	memset(f->least, 255, (f->top + 1) * sizeof(f->least[0]));
	f->top = 0;
	while (n > IMPACT_MAX)
		n = merge_cheapest(p, n, weight);
	memset(ret, 0, IMPACT_MAX * sizeof(*ret));
	memcpy(ret, p, n * sizeof(*ret));
	return n;
}
