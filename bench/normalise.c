/* normalise.c - JSON lines to the text that engines are compared on: lower case, every run of other than a-z one space; title in front of
 * the text. normalise [MAX] <docs.jsonl >normalised.jsonl: the first MAX documents; ids are 1, 2, ... */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(const char *s, int *in_word, int *any)
{
	for (; *s; s++) {
		char c = *s >= 'A' && *s <= 'Z' ? (char)(*s + 32) : *s;
		if (c < 'a' || c > 'z') {
			*in_word = 0;
			continue;
		}
		if (!*in_word && *any)
			putchar(' ');
		putchar(c);
		*in_word = *any = 1;
	}
}

int main(int argc, char **argv)
{
	long max = argc > 1 ? atol(argv[1]) : 0, n = 0;
	char *line = NULL;
	size_t cap = 0;
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	while ((max == 0 || n < max) && getline(&line, &cap, stdin) >= 0) {
		struct json_object *o = json_tokener_parse(line), *v;
		int in_word = 0, any = 0;
		if (!o) {
			fprintf(stderr, "normalise: line %ld is not JSON\n", n + 1);
			return 2;
		}
		printf("{\"id\":\"%ld\",\"text\":\"", ++n);
		if (json_object_object_get_ex(o, "title", &v))
			put(json_object_get_string(v), &in_word, &any);
		in_word = 0;
		if (json_object_object_get_ex(o, "text", &v))
			put(json_object_get_string(v), &in_word, &any);
		fputs("\"}\n", stdout);
		json_object_put(o);
	}
	free(line);
	return ferror(stdout) || fflush(stdout) ? 2 : 0;
}
