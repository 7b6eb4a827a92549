/* killed.c - reads flags (field 9) and exit_code (field 52) of /proc/PID/stat; see killed.h.
 *
 * The file of the process asked for last stays open: a loop of writes in one shell asks at every close. It is bound to that process and not to its
 * number: when the process is gone, reading it fails. */
#include "fs/killed.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PF_EXITING = 0x4, FIELD_FLAGS = 9, FIELD_EXIT_CODE = 52 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t last_pid;
static int last_fd = -1;

/* With the lock. */
static ssize_t read_stat(pid_t pid, char *p, size_t n)
{
	char path[32];
	if (last_fd >= 0 && last_pid == pid) {
		ssize_t got = pread(last_fd, p, n, 0);
		if (got > 0)
			return got;
	}
	if (last_fd >= 0)
		close(last_fd);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	last_fd = open(path, O_RDONLY | O_CLOEXEC);
	last_pid = pid;
	return last_fd < 0 ? -1 : pread(last_fd, p, n, 0);
}

/* Fields are counted from 1; the second one, the name, may hold anything, and ends with the last ')'. */
static unsigned long long field(const char *stat, unsigned number)
{
	const char *p = strrchr(stat, ')');
	for (unsigned at = 2; p && at < number; at++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

bool killed_by_signal(pid_t pid)
{
	char stat[1024];
	if (pid <= 0)
		return false;
	pthread_mutex_lock(&lock);
	ssize_t n = read_stat(pid, stat, sizeof(stat) - 1);
	pthread_mutex_unlock(&lock);
	if (n <= 0)
		return false;
	stat[n] = '\0';
	return (field(stat, FIELD_FLAGS) & PF_EXITING) && (field(stat, FIELD_EXIT_CODE) & 0x7f);
}
