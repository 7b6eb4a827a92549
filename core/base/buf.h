/* buf.h - growable byte buffer with one owner. Zero-initialised is empty; rk_buf_done() frees.
 *
 * Every put is all or nothing: -ENOMEM leaves the buffer as it was. A sticky flag `bad` lets a writer of many fields ask once.
 */
#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rk_buf {
	uint8_t *data;
	size_t len, cap;
	bool bad; /* an allocation failed: the content is incomplete */
};

int rk_buf_reserve(struct rk_buf *b, size_t more); /* room for `more` bytes behind len */
int rk_buf_put(struct rk_buf *b, const void *p, size_t n);
int rk_buf_u8(struct rk_buf *b, uint8_t v);
int rk_buf_u16(struct rk_buf *b, uint16_t v);
int rk_buf_u32(struct rk_buf *b, uint32_t v);
int rk_buf_u64(struct rk_buf *b, uint64_t v);
int rk_buf_varint(struct rk_buf *b, uint64_t v); /* LEB128, as rk_rd_varint reads it */
int rk_buf_str(struct rk_buf *b, const char *s); /* without the NUL */
int rk_buf_printf(struct rk_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void rk_buf_done(struct rk_buf *b);

/* Appends bytes with tab, newline, backslash as \t \n \\ and other control bytes as \xNN: one line of text, reversibly. */
int rk_buf_escaped(struct rk_buf *b, const void *p, size_t n);

#endif
