/* progress.c - see progress.h. */
#include "fs/cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/clock.h"

static void put_time(struct rk_buf *b, uint64_t s)
{
	if (s >= 3600)
		rk_buf_printf(b, "%llu:%02u:%02u", (unsigned long long)(s / 3600), (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	else
		rk_buf_printf(b, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

static void put_grouped(struct rk_buf *b, uint64_t v)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)v);
	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			rk_buf_u8(b, ',');
		rk_buf_u8(b, (uint8_t)digits[i]);
	}
}

int progress_line(const struct progress *p, uint64_t now_ns, struct rk_buf *b)
{
	double seconds = (double)(now_ns - p->start_ns) / 1e9;
	double part = p->total_bytes ? (double)p->bytes / (double)p->total_bytes : 0;
	rk_buf_u8(b, '[');
	put_time(b, (uint64_t)seconds);
	rk_buf_str(b, "] ");
	if (part > 0)
		rk_buf_printf(b, "%.1f%%  ", 100 * part);
	put_grouped(b, p->docs);
	if (p->total_docs || part > 0) {
		rk_buf_str(b, p->total_docs ? " / " : " / ~");
		put_grouped(b, p->total_docs ? p->total_docs : (uint64_t)((double)p->docs / part));
	}
	rk_buf_printf(b, " docs  %.0f MB/s", seconds > 0 ? (double)p->bytes / 1e6 / seconds : 0);
	if (part > 0) {
		rk_buf_str(b, "  ETA ");
		put_time(b, part < 1 ? (uint64_t)(seconds / part * (1 - part)) : 0);
	}
	return b->bad ? -1 : 0;
}

void progress_begin(struct progress *p, uint64_t total_bytes, uint64_t total_docs)
{
	*p = (struct progress){.on = isatty(2), .start_ns = rk_mono_ns(), .total_bytes = total_bytes, .total_docs = total_docs};
}

void progress_tick(struct progress *p)
{
	uint64_t now = p->on ? rk_mono_ns() : 0;
	if (!p->on || now - p->last_ns < 200000000u)
		return;
	struct rk_buf b = {0};
	p->last_ns = now;
	if (progress_line(p, now, &b) == 0)
		fprintf(stderr, "\r%.*s ", (int)b.len, (const char *)b.data);
	fflush(stderr);
	rk_buf_done(&b);
}

void progress_clear(struct progress *p)
{
	if (p->on && p->last_ns)
		fprintf(stderr, "\r%78s\r", "");
}
