/* impacts_private.h - the (tf, length byte) pairs of a block or list that no other pair beats, at most four of them.
 *
 * Collect with impacts_add, then take with impacts_take: first the exact frontier (largest tf first), then neighbours are merged into a pair that
 * beats both until four are left, each time the two whose merger raises the bound least. Pure, any thread. */
#ifndef CORE_SEGMENT_IMPACTS_PRIVATE_H
#define CORE_SEGMENT_IMPACTS_PRIVATE_H

#include <string.h>

#include "core/segment/cursor.h"

struct impacts {
	uint16_t least[256]; /* by tf: the smallest length byte seen; 0xffff: none */
	uint32_t top;	     /* the largest tf seen, 255 at most; 0: none */
};

/* weight[norm] = k1 * (1 - b + b * length / average): what a pair scores is tf / (tf + weight). */
void impacts_weights(uint32_t nindexed, uint64_t total_length, float weight[256]);

static inline void impacts_init(struct impacts *f)
{
	f->top = 0;
	memset(f->least, 255, sizeof(f->least));
}

static inline void impacts_add(struct impacts *f, uint32_t tf, uint8_t norm)
{
	tf = tf < 255 ? tf : 255;
	f->least[tf] = norm < f->least[tf] ? norm : f->least[tf];
	f->top = tf > f->top ? tf : f->top;
}

void impacts_merge(struct impacts *to, const struct impacts *from);
/* Writes up to IMPACT_MAX pairs, the others become (0, 0); returns their number; f is empty afterwards. */
unsigned impacts_take(struct impacts *f, const float weight[256], struct impact ret[IMPACT_MAX]);

#endif
