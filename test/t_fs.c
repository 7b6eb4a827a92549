/* t_fs.c - fs/: the inode table against a naive twin, slots for evaluations, and how a writer's death is told from its exit. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/fs.h"
#include "fs/killed.h"
#include "test/tap.h"

static const struct kind kind_any = {.name = "any", .node_size = sizeof(struct node), .mode = S_IFREG | 0644};
static unsigned freed;

static void count_freed(void *arg, struct node *n)
{
	(void)arg, (void)n;
	freed++;
}

static struct node *add(struct nodes *t, struct node *parent, const char *name)
{
	struct node *n = node_new(t, &kind_any, parent, name);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	node_attach(t, n);
	return n;
}

static bool path_is(struct nodes *t, struct node *n, const char *want)
{
	struct rk_buf b = {0};
	bool same = node_path(t, n, &b) == 0 && b.len == strlen(want) && (!b.len || memcmp(b.data, want, b.len) == 0);
	rk_buf_done(&b);
	return same;
}

static void parents_outlive_children(void)
{
	struct nodes t;
	freed = 0;
	CU_ASSERT_EQUAL_FATAL(nodes_init(&t, count_freed, NULL), 0);
	struct node *root = add(&t, NULL, ""), *top = add(&t, root, "docs"), *a = add(&t, top, "a"), *b = add(&t, a, "b");
	CU_ASSERT_EQUAL(root->ino, 1);
	CU_ASSERT_TRUE(path_is(&t, b, "a/b") && path_is(&t, a, "a") && path_is(&t, top, ""));
	uint64_t a_ino = a->ino, b_ino = b->ino;
	node_known(&t, b);
	node_unpin(&t, a);
	node_unpin(&t, b);
	struct node *got = node_get(&t, a_ino); /* kept by b */
	CU_ASSERT_PTR_EQUAL(got, a);
	node_unpin(&t, got);
	node_forget(&t, b->ino, 1);
	CU_ASSERT_EQUAL(freed, 0);
	got = node_get(&t, b_ino); /* retired, but an old file handle still finds it */
	CU_ASSERT_PTR_EQUAL(got, b);
	node_detach(&t, got);
	node_unpin(&t, got); /* without a name it goes at once, and leaves a without children */
	CU_ASSERT_EQUAL(freed, 1);
	CU_ASSERT_PTR_NULL(node_get(&t, b_ino));
	node_forget(&t, 999, 1); /* unknown numbers are harmless */
	nodes_done(&t);
	CU_ASSERT_EQUAL(freed, 4);
}

static void newest_has_the_name(void)
{
	struct nodes t;
	CU_ASSERT_EQUAL_FATAL(nodes_init(&t, count_freed, NULL), 0);
	struct node *root = add(&t, NULL, ""), *top = add(&t, root, "q"), *old = add(&t, top, "x"), *new = add(&t, top, "x");
	CU_ASSERT_NOT_EQUAL(old->ino, new->ino);
	CU_ASSERT_FALSE(old->attached);
	struct node *got = node_find(&t, top, "x");
	CU_ASSERT_PTR_EQUAL(got, new);
	node_unpin(&t, got);
	node_detach(&t, new);
	CU_ASSERT_PTR_NULL(node_find(&t, top, "x"));
	got = node_get(&t, old->ino); /* the number still works for those that hold it */
	CU_ASSERT_PTR_EQUAL(got, old);
	nodes_done(&t);
}

/* Random adds, forgets and renames beside an array that says what must be found. */
enum { NAMES = 40, DIRS = 3 };
static void random_twin(void)
{
	struct nodes t;
	struct node *dirs[DIRS], *twin[DIRS][NAMES] = {{NULL}};
	char name[16], name2[16];
	uint64_t last = 0;
	freed = 0;
	unsigned live = 0;
	CU_ASSERT_EQUAL_FATAL(nodes_init(&t, count_freed, NULL), 0);
	struct node *root = add(&t, NULL, "");
	for (int d = 0; d < DIRS; d++) {
		snprintf(name, sizeof(name), "dir%d", d);
		dirs[d] = add(&t, root, name);
	}
	srand(7);
	for (int step = 0; step < 200000; step++) {
		int d = rand() % DIRS, i = rand() % NAMES, d2 = rand() % DIRS, i2 = rand() % NAMES, what = rand() % 4;
		snprintf(name, sizeof(name), "n%d", i);
		snprintf(name2, sizeof(name2), "n%d", i2);
		struct node *n = twin[d][i];
		if (what == 0 && !n) {
			n = twin[d][i] = add(&t, dirs[d], name);
			CU_ASSERT_TRUE(n->ino > last); /* never used twice */
			last = n->ino;
			node_known(&t, n);
			node_unpin(&t, n);
			live++;
		} else if (what == 1 && n) {
			node_detach(&t, n);
			node_forget(&t, n->ino, 1);
			twin[d][i] = NULL;
			live--;
		} else if (what == 2 && n && twin[d2][i2] != n) {
			struct node *over = twin[d2][i2];
			CU_ASSERT_EQUAL(node_rename(&t, dirs[d], name, dirs[d2], name2), 0);
			twin[d][i] = NULL;
			twin[d2][i2] = n;
			CU_ASSERT_TRUE(path_is(&t, n, name2));
			if (over) {
				node_forget(&t, over->ino, 1);
				live--;
			}
		}
		struct node *got = node_find(&t, dirs[d], name);
		CU_ASSERT_PTR_EQUAL(got, twin[d][i]);
		node_unpin(&t, got);
	}
	CU_ASSERT_EQUAL(nodes_count(&t), live + DIRS + 1);
	nodes_done(&t);
}

static void table_grows(void)
{
	struct nodes t;
	char name[16];
	enum { N = 50000 };
	CU_ASSERT_EQUAL_FATAL(nodes_init(&t, count_freed, NULL), 0);
	struct node *root = add(&t, NULL, ""), *top = add(&t, root, "q");
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%d", i);
		add(&t, top, name);
	}
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%d", i);
		struct node *n = node_find(&t, top, name);
		CU_ASSERT_TRUE_FATAL(n && n->ino == (uint64_t)i + 3);
	}
	nodes_done(&t);
}

/* Nodes that nobody holds are kept, but not for ever: the row is bounded, the oldest go first, folders after what was in them. */
static void retired_are_bounded(void)
{
	struct nodes t;
	char name[16];
	enum { N = 3 * NODES_RETIRED_MAX };
	uint64_t first = 0;
	freed = 0;
	CU_ASSERT_EQUAL_FATAL(nodes_init(&t, count_freed, NULL), 0);
	struct node *root = add(&t, NULL, ""), *top = add(&t, root, "q");
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%d", i);
		struct node *dir = add(&t, top, name), *n = add(&t, dir, "x");
		first = first ? first : n->ino;
		node_unpin(&t, dir);
		node_known(&t, n);
		node_unpin(&t, n);
		node_forget(&t, n->ino, 1);
	}
	CU_ASSERT_EQUAL(freed + nodes_count(&t), 2 * N + 2);
	CU_ASSERT_TRUE(nodes_count(&t) <= 2 * NODES_RETIRED_MAX + 2);
	CU_ASSERT_PTR_NULL(node_get(&t, first));
	struct node *dir = node_find(&t, top, name), *n = dir ? node_find(&t, dir, "x") : NULL;
	CU_ASSERT_PTR_NOT_NULL(n); /* the newest are there */
	nodes_done(&t);
	CU_ASSERT_EQUAL(freed, 2 * N + 2);
}

/* Slots. */
static struct slow slots;
static _Atomic int running, most, ran, cancelled;

static void job_run(struct slow_job *j)
{
	int now = atomic_fetch_add(&running, 1) + 1, old = most;
	while (now > old && !atomic_compare_exchange_weak(&most, &old, now))
		;
	if (!j->cancel)
		usleep(500);
	cancelled += j->cancel;
	ran++;
	running--;
}

static void job_done(struct slow_job *j)
{
	free(j);
}

static void *bring(void *arg)
{
	(void)arg;
	for (int i = 0; i < 25; i++) {
		struct slow_job *j = calloc(1, sizeof(*j));
		j->run = job_run;
		j->done = job_done;
		slow_run(&slots, j);
	}
	return NULL;
}

static void bring_all(void)
{
	pthread_t t[8];
	most = ran = cancelled = 0;
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, bring, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
}

static void slots_bound_and_lose_nothing(void)
{
	slow_init(&slots, 3);
	bring_all();
	CU_ASSERT_EQUAL(ran, 200);
	CU_ASSERT_TRUE(most <= 3);
	CU_ASSERT_EQUAL(cancelled, 0);
	slow_stop(&slots);
	bring_all();
	CU_ASSERT_EQUAL(ran, 200); /* each is answered, though with a refusal */
	CU_ASSERT_EQUAL(cancelled, 200);
	slow_done(&slots);
}

/* Deaths: a zombie shows what a process shows while its files are closed. */
static bool seen_as_killed(int sig)
{
	if (sig && sig != SIGKILL)
		signal(sig, SIG_DFL); /* a shell's background job begins with SIGINT ignored */
	pid_t pid = fork();
	if (pid == 0) {
		if (sig)
			pause();
		_exit(3);
	}
	if (sig)
		kill(pid, sig);
	siginfo_t info;
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	bool ret = killed_by_signal(pid);
	waitpid(pid, NULL, 0);
	return ret;
}

static void deaths(void)
{
	CU_ASSERT_TRUE(seen_as_killed(SIGKILL));
	CU_ASSERT_TRUE(seen_as_killed(SIGTERM));
	CU_ASSERT_FALSE(seen_as_killed(0));
	CU_ASSERT_FALSE(killed_by_signal(getpid()));
	CU_ASSERT_FALSE(killed_by_signal(getpid())); /* through the file kept open */
	CU_ASSERT_TRUE(seen_as_killed(SIGINT));
	CU_ASSERT_FALSE(killed_by_signal(0));
}

static const struct tap_test tests[] = {
	{"nodes: parents outlive children, and go with them", parents_outlive_children},
	{"nodes: the newest has the name, the older keeps its number", newest_has_the_name},
	{"nodes: 200,000 random steps as the twin says", random_twin},
	{"nodes: the tables grow", table_grows},
	{"nodes: what nobody holds is kept within bounds", retired_are_bounded},
	{"slots: never more at once, none lost, all cancelled at the end", slots_bound_and_lose_nothing},
	{"writers: killed by a signal, or not", deaths},
};

TAP_MAIN(tests)
