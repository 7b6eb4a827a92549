/* cmd_init.c - rankfs init: makes an empty index in a folder. What is chosen here is kept for the index's life. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/index/index.h"
#include "core/text/analyzer.h"
#include "fs/cli/cmd.h"

struct init_args {
	const char *language;
	bool stop, no_fold;
};

static const struct opt opts[] = {
	{'l', "language", "LANG", "stem words of this language: en (default), de, fr, ..., or none", OPT_VALUE,
	 offsetof(struct init_args, language)},
	{0, "stop-words", NULL, "leave out the language's stop words (the, of, ...)", OPT_FLAG, offsetof(struct init_args, stop)},
	{0, "no-fold", NULL, "keep capital letters and accents apart", OPT_FLAG, offsetof(struct init_args, no_fold)},
	{0},
};

static int run(const struct command *c, int argc, char **argv)
{
	struct init_args a = {.language = "en"};
	struct index_params p = {.analyzer = {.fold = true}};
	struct rk_err err = {{0}};
	struct rk_dir *dir = NULL;
	struct analyzer *probe = NULL;
	int n, rc = options_parse(c, argc, argv, &a, &n);
	if (rc || (rc = options_count(c, n, 1, 1)) < 0)
		return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
	p.analyzer.stop = a.stop;
	p.analyzer.fold = !a.no_fold;
	if (strlen(a.language) >= sizeof(p.analyzer.language)) {
		say("init: --language=%s: no such language", a.language);
		return EXIT_TROUBLE;
	}
	strcpy(p.analyzer.language, a.language);
	rc = analyzer_new(&p.analyzer, &probe, &err); /* before anything is made on disk */
	analyzer_free(probe);
	if (rc < 0) {
		const char *near = nearest(a.language, analyzer_languages());
		say("init: --language=%s: %s%s%s%s", a.language, err.msg[0] ? err.msg : strerror(-rc), near ? "; did you mean " : "",
		    near ? near : "", near ? "?" : "");
		return EXIT_TROUBLE;
	}
	rc = dir_fs_open(argv[1], true, &dir, &err);
	if (rc == 0)
		rc = index_init(dir, &p, &err);
	if (rc < 0)
		say("init: %s: %s", argv[1], err.msg[0] ? err.msg : strerror(-rc));
	if (dir)
		dir->ops->close(dir);
	return rc < 0 ? EXIT_TROUBLE : EXIT_OK;
}

const struct command cmd_init = {"init", "[--language LANG] INDEX", "make an empty index in the folder INDEX", NULL, opts, 0, run};
