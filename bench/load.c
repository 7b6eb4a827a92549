/* load.c - small loads and their cost; each prints one line.
 *
 * load opens PATH SECONDS      open, read to the end, close: times a second
 * load writers DIR N EACH      N processes, EACH files of 400 bytes (open, write, close): files a second over all
 * load run COMMAND...          CPU seconds, wall seconds, peak memory in MB of a command */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const char *what)
{
	perror(what);
	return 2;
}

static int opens(const char *path, double seconds)
{
	static char buf[1 << 16];
	double start = now(), took = 0;
	long n = 0;
	do {
		for (int i = 0; i < 100; i++, n++) {
			int fd = open(path, O_RDONLY | O_CLOEXEC);
			ssize_t got = -1;
			while (fd >= 0 && (got = read(fd, buf, sizeof(buf))) > 0)
				;
			if (got < 0)
				return fail(path);
			close(fd);
		}
		took = now() - start;
	} while (took < seconds);
	printf("%.0f\n", (double)n / took);
	return 0;
}

static int write_files(const char *dir, int who, int each)
{
	char path[4096], text[401];
	for (int i = 0; i < each; i++) {
		snprintf(path, sizeof(path), "%s/w%d-%d", dir, who, i);
		int n = snprintf(text, sizeof(text), "document %d of writer %d", i, who);
		for (; n < 399; n++)
			text[n] = n % 7 ? (char)('a' + (n + i) % 26) : ' ';
		text[399] = '\n';
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0 || write(fd, text, 400) != 400 || close(fd) < 0)
			return fail(path);
	}
	return 0;
}

static int writers(const char *dir, int n, int each)
{
	double start = now();
	int bad = 0, status;
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(write_files(dir, i, each));
		bad |= pid < 0;
	}
	while (wait(&status) > 0)
		bad |= status != 0;
	printf("%.0f\n", (double)n * each / (now() - start));
	return bad ? 2 : 0;
}

static int run(char **argv)
{
	struct rusage u;
	int status;
	double start = now();
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &u) < 0)
		return fail(argv[0]);
	double cpu =
		(double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6 + (double)u.ru_stime.tv_sec + (double)u.ru_stime.tv_usec / 1e6;
	printf("%.2f %.2f %.0f\n", cpu, now() - start, (double)u.ru_maxrss / 1024);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "opens"))
		return opens(argv[2], atof(argv[3]));
	if (argc == 5 && !strcmp(argv[1], "writers"))
		return writers(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (argc > 2 && !strcmp(argv[1], "run"))
		return run(argv + 2);
	fprintf(stderr, "usage: load opens PATH SECONDS | load writers DIR N EACH | load run COMMAND...\n");
	return 2;
}
