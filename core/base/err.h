/* err.h - error words for humans, beside the negative errno that every function returns.
 *
 * Rules: 0 or positive is fine, negative is -Exxx. -EUCLEAN: these bytes are not a valid X. -EINVAL: the caller's
 * argument. -ENOENT: not there. The first cause is kept. Core never prints: it fills a struct rk_err, fs/ logs it once.
 */
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

struct rk_err {
	char msg[480]; /* NUL-terminated; "" until something failed */
};

/* Writes the words (when err is not NULL and holds none yet) and returns rc, so that a failing line stays one line. */
int rk_fail(struct rk_err *err, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same, but puts new words in front of those already there: "opening x: permission denied". */
int rk_wrap(struct rk_err *err, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
