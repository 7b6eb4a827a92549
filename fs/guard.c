/* guard.c - the guard holds the reading end of a pipe: its end without a byte means that the daemon was killed.
 *
 * libfuse's auto_unmount does the same through fusermount3, but does nothing where there is no /etc/mtab (containers, minimal systems), and its helper
 * keeps /dev/fuse open, so that a dead mount hangs instead of failing. This one keeps no descriptor but the pipe.
 */
#include "fs/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child of a process with threads: async-signal-safe calls only. */
static void watch(int fd, const char *mountpoint)
{
	char byte;
	ssize_t n;
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	(void)!chdir("/");
	if (fd != 0)
		dup2(fd, 0);
	close_range(1, ~0U, 0);
	do
		n = read(0, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		umount2(mountpoint, MNT_DETACH | UMOUNT_NOFOLLOW);
	_exit(0);
}

int guard_start(const char *mountpoint)
{
	int fd[2];
	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0) {
		close(fd[1]);
		if (fork() == 0) /* not a child of the daemon, which would have to wait for it */
			watch(fd[0], mountpoint);
		_exit(0);
	}
	int rc = pid < 0 ? -errno : fd[1];
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(fd[0]);
	if (pid < 0)
		close(fd[1]);
	return rc;
}

void guard_end(int guard)
{
	if (guard < 0)
		return;
	(void)!write(guard, "c", 1);
	close(guard);
}
