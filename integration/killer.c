/* killer.c - SIGKILL of the mount at random moments of mixed ingest: every acknowledged document must be there with its last acknowledged bytes, nothing
 * else may be, and the index must check clean.
 *
 *	killer RANKFS FOLDER [ROUNDS [SEED]]
 *
 * Four writers, each with ids of its own, work through the mount as programs do: write, append, copy in large pieces, replace by rename, JSON lines,
 * remove, move. What a system call acknowledged is noted; the one in flight when the daemon dies may have happened or not. After each kill the index is
 * mounted again and docs/ is compared. Exit 0: nothing lost, no phantom; 1: with the first difference and the seed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WRITERS = 4, IDS = 6, PIECE = 128 << 10, LARGE = 2 * PIECE + 5000, BYTES_MAX = 400 << 10 };

struct known {
	char *content;	 /* acknowledged; NULL: none */
	char *attempt;	 /* of the call in flight */
	bool in_flight;
};

struct writer {
	pthread_t thread;
	unsigned no;
	uint64_t rng, acks;
	struct known docs[IDS];
};

static const char *rankfs, *folder;
static char mnt[512], index_path[512];
static struct writer writers[WRITERS];
static _Atomic bool stop;
static uint64_t text_no;

static uint32_t dice(uint64_t *rng, uint32_t n)
{
	*rng ^= *rng << 13;
	*rng ^= *rng >> 7;
	*rng ^= *rng << 17;
	return (uint32_t)((*rng >> 11) % n);
}

static char *text(struct writer *w, size_t len)
{
	char *s = malloc(len + 100);
	int n = sprintf(s, "unique%llu writer%u ", (unsigned long long)__atomic_add_fetch(&text_no, 1, __ATOMIC_RELAXED), w->no);
	while ((size_t)n < len)
		n += sprintf(s + n, "w%u%c", dice(&w->rng, 1000), dice(&w->rng, 9) ? ' ' : '\n');
	s[n] = 0;
	return s;
}

static void path_of(const struct writer *w, unsigned i, const char *below, char path[700])
{
	snprintf(path, 700, "%s/%s/%sd%u-%u", mnt, below, i % 2 ? "sub/" : "", w->no, i);
}

static void begin(struct known *k, char *attempt)
{
	k->attempt = attempt;
	k->in_flight = true;
}

static void end(struct writer *w, struct known *k, bool acked)
{
	if (!acked)
		return; /* stays in flight: the daemon is dead */
	free(k->content);
	k->content = k->attempt;
	k->attempt = NULL;
	k->in_flight = false;
	w->acks++;
}

static bool write_all(int fd, const char *s, size_t n, size_t piece)
{
	while (n) {
		ssize_t got = write(fd, s, n < piece ? n : piece);
		if (got < 0)
			return false;
		s += got;
		n -= (size_t)got;
	}
	return true;
}

/* The acknowledgement is that of the last write, not of close: a shell sees no other. */
static bool put(const char *path, int flags, const char *s, size_t piece)
{
	int fd = open(path, flags | O_WRONLY | O_CREAT, 0644);
	if (fd < 0)
		return false;
	bool good = write_all(fd, s, strlen(s), piece);
	close(fd);
	return good;
}

static void by_rename(struct writer *w, struct known *k, const char *path)
{
	char temp[720];
	const char *name = strrchr(path, '/') + 1;
	snprintf(temp, sizeof(temp), "%.*s.%s.tmp", (int)(name - path), path, name);
	begin(k, text(w, 300));
	end(w, k, put(temp, O_TRUNC, k->attempt, PIECE) && rename(temp, path) == 0);
}

static void json_line(struct writer *w, unsigned i, struct known *k)
{
	char path[700], *line = malloc(BYTES_MAX);
	char *s = text(w, 200);
	for (char *p = s; *p; p++)
		*p = *p == '\n' ? ' ' : *p;
	snprintf(path, sizeof(path), "%s/incoming/w%u.jsonl", mnt, w->no);
	sprintf(line, "{\"id\":\"%sd%u-%u\",\"text\":\"%s\"}\n", i % 2 ? "sub/" : "", w->no, i, s);
	begin(k, s);
	end(w, k, put(path, O_APPEND, line, PIECE));
	free(line);
}

static void append(struct writer *w, struct known *k, const char *path)
{
	if (!k->content || strlen(k->content) > 3000)
		return;
	char *tail = text(w, 40), *all = malloc(strlen(k->content) + strlen(tail) + 1);
	sprintf(all, "%s%s", k->content, tail);
	begin(k, all);
	end(w, k, put(path, O_APPEND, tail, PIECE));
	free(tail);
}

static void move(struct writer *w, unsigned i, const char *path)
{
	unsigned j = (i + 2) % IDS; /* in the same folder */
	struct known *k = &w->docs[i], *to = &w->docs[j];
	char other[700];
	if (!k->content)
		return;
	path_of(w, j, "incoming", other);
	begin(to, strdup(k->content));
	begin(k, NULL);
	bool good = rename(path, other) == 0;
	end(w, k, good);
	end(w, to, good);
}

static void *work(void *arg)
{
	struct writer *w = arg;
	char path[700], doc[700];
	while (!stop) {
		unsigned i = dice(&w->rng, IDS);
		struct known *k = &w->docs[i];
		path_of(w, i, "incoming", path);
		path_of(w, i, "docs", doc);
		switch (dice(&w->rng, 10)) {
		case 0:
			begin(k, text(w, LARGE)); /* as cp does it: full pieces, then the rest */
			end(w, k, put(path, O_TRUNC, k->attempt, PIECE));
			break;
		case 1:
		case 2:
			append(w, k, path);
			break;
		case 3:
			by_rename(w, k, path);
			break;
		case 4:
			json_line(w, i, k);
			break;
		case 5:
			if (k->content) {
				begin(k, NULL);
				end(w, k, unlink(dice(&w->rng, 2) ? path : doc) == 0);
			}
			break;
		case 6:
			move(w, i, path);
			break;
		default:
			begin(k, text(w, 20 + dice(&w->rng, 500)));
			end(w, k, put(path, O_TRUNC, k->attempt, PIECE));
		}
		for (unsigned d = 0; d < IDS; d++)
			if (w->docs[d].in_flight)
				return NULL; /* a call failed: the daemon is dead */
	}
	return NULL;
}

static pid_t start(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		execl(rankfs, "rankfs", "mount", "-f", "-o", "writer_buffer=4MiB", index_path, mnt, (char *)NULL);
		_exit(127);
	}
	char probe[600];
	struct stat st;
	snprintf(probe, sizeof(probe), "%s/incoming", mnt);
	for (int i = 0; i < 5000; i++) {
		if (stat(probe, &st) == 0)
			return pid;
		int status;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			printf("the mount did not start: status %d\n", status);
			return -1;
		}
		struct timespec t = {.tv_nsec = 1000000};
		nanosleep(&t, NULL);
	}
	printf("the mount did not answer in time\n");
	return -1;
}

static void detach(void)
{
	while (umount2(mnt, MNT_DETACH) == 0)
		;
}

static char *slurp(const char *path, int *ret_errno)
{
	int fd = open(path, O_RDONLY);
	*ret_errno = errno;
	if (fd < 0)
		return NULL;
	char *s = malloc(BYTES_MAX + 1);
	size_t n = 0;
	ssize_t got;
	while ((got = read(fd, s + n, BYTES_MAX - n)) > 0)
		n += (size_t)got;
	*ret_errno = got < 0 ? errno : 0;
	close(fd);
	s[n] = 0;
	return s;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int compare_one(struct writer *w, unsigned i)
{
	struct known *k = &w->docs[i];
	char path[700];
	int err;
	path_of(w, i, "docs", path);
	char *got = slurp(path, &err);
	if (!got && err != ENOENT) {
		printf("%s: %s\n", path, strerror(err));
		return -1;
	}
	bool fine = same(k->content, got);
	if (!fine && k->in_flight && same(k->attempt, got)) {
		free(k->content);
		k->content = got ? strdup(got) : NULL;
		fine = true;
	}
	if (!fine)
		printf("%s: acknowledged %zu bytes %.60s; in flight %s %.60s; found %zu bytes %.60s\n", path, k->content ? strlen(k->content) : 0,
		       k->content ? k->content : "(none)", k->in_flight ? "yes" : "no", k->attempt ? k->attempt : "(none)", got ? strlen(got) : 0,
		       got ? got : "(none)");
	free(k->attempt);
	k->attempt = NULL;
	k->in_flight = false;
	free(got);
	return fine ? 0 : -1;
}

/* Names below docs/ that no writer knows. */
static int phantoms(const char *below, unsigned parity)
{
	char path[700];
	snprintf(path, sizeof(path), "%s/docs/%s", mnt, below);
	DIR *d = opendir(path);
	int bad = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		unsigned w, i;
		if (e->d_name[0] == '.' || strcmp(e->d_name, "sub") == 0)
			continue;
		if (sscanf(e->d_name, "d%u-%u", &w, &i) != 2 || w >= WRITERS || i >= IDS || i % 2 != parity || !writers[w].docs[i].content) {
			printf("phantom: docs/%s%s\n", below, e->d_name);
			bad = -1;
		}
	}
	if (d)
		closedir(d);
	return bad;
}

/* A word that only this document holds finds it. */
static int search(struct writer *w, unsigned i)
{
	char path[800], word[64] = "", id[64];
	int err;
	if (!w->docs[i].content || sscanf(w->docs[i].content, "%63s", word) != 1)
		return 0;
	snprintf(path, sizeof(path), "%s/query/@format=ids/%s", mnt, word);
	char *got = slurp(path, &err);
	snprintf(id, sizeof(id), "%sd%u-%u\n", i % 2 ? "sub/" : "", w->no, i);
	int bad = same(got, id) ? 0 : -1;
	if (bad)
		printf("query %s: wanted %s got %s\n", word, id, got ? got : "(none)");
	free(got);
	return bad;
}

static int compare(void)
{
	int bad = 0;
	for (unsigned w = 0; w < WRITERS; w++)
		for (unsigned i = 0; i < IDS; i++)
			bad |= compare_one(&writers[w], i);
	for (unsigned w = 0; w < WRITERS && !bad; w++)
		bad |= search(&writers[w], dice(&writers[w].rng, IDS));
	return bad | phantoms("", 0) | phantoms("sub", 1);
}

static int check(void)
{
	char cmd[1200];
	snprintf(cmd, sizeof(cmd), "%s check --deep %s >%s/check.out 2>&1 || { cat %s/check.out; false; }", rankfs, index_path, folder, folder);
	return system(cmd) == 0 ? 0 : -1;
}

static int round_of(uint64_t *rng, unsigned max_ms)
{
	pid_t pid = start();
	if (pid < 0)
		return -1;
	char sub[600];
	snprintf(sub, sizeof(sub), "%s/incoming/sub", mnt);
	mkdir(sub, 0755);
	int rc = compare();
	stop = false;
	for (unsigned w = 0; w < WRITERS && rc == 0; w++)
		pthread_create(&writers[w].thread, NULL, work, &writers[w]);
	struct timespec t = {.tv_nsec = (long)dice(rng, max_ms * 1000) * 1000};
	nanosleep(&t, NULL);
	kill(pid, SIGKILL);
	detach();
	stop = true;
	for (unsigned w = 0; w < WRITERS && rc == 0; w++)
		pthread_join(writers[w].thread, NULL);
	waitpid(pid, NULL, 0);
	detach();
	return rc;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: killer RANKFS FOLDER [ROUNDS [SEED]]\n");
		return 2;
	}
	rankfs = argv[1];
	folder = argv[2];
	unsigned rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 20;
	uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1, rng = seed * 0x9E3779B97F4A7C15u + 1, acks = 0;
	char cmd[1200];
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(mnt, sizeof(mnt), "%s/mnt", folder);
	snprintf(index_path, sizeof(index_path), "%s/index", folder);
	mkdir(mnt, 0755);
	snprintf(cmd, sizeof(cmd), "%s init %s >/dev/null", rankfs, index_path);
	if (system(cmd) != 0)
		return 2;
	for (unsigned w = 0; w < WRITERS; w++)
		writers[w] = (struct writer){.no = w, .rng = seed * 31 + w * 977 + 5};
	int rc = 0;
	for (unsigned r = 0; r < rounds && rc == 0; r++) {
		rc = round_of(&rng, 250);
		if (rc == 0 && (r % 10 == 9 || r + 1 == rounds))
			rc = check();
	}
	if (rc == 0) { /* the last kill, too, is looked at */
		pid_t pid = start();
		rc = pid < 0 ? -1 : compare();
		if (pid > 0)
			kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
	}
	detach();
	for (unsigned w = 0; w < WRITERS; w++)
		acks += writers[w].acks;
	printf("%u kills, %llu acknowledged changes: %s (seed %llu)\n", rounds, (unsigned long long)acks, rc ? "LOST OR WRONG" : "none lost, no phantom",
	       (unsigned long long)seed);
	return rc ? 1 : 0;
}
