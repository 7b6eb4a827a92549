/* xapian.cc - Xapian as a peer: the same normalised texts and queries as ours.
 *
 * xapian DB build TEXTS.jsonl          one JSON line a document ({"id","text"}, normalised), positions on, no stored text, one flush, compacted
 * xapian DB query QUERIES.tsv ROUNDS   top 10 by BM25 (k1 = 1.2, b = 0.75); class, p50, p95, p99, mean in microseconds, best of ROUNDS per query */
#include <xapian.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <sys/resource.h>
#include <vector>

extern "C" {
#include <json-c/json.h>
}

static double now(clockid_t c)
{
	struct timespec t;
	clock_gettime(c, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static std::vector<std::string> words_of(const std::string &text)
{
	std::vector<std::string> w;
	size_t i = 0;
	while (i < text.size()) {
		size_t end = text.find(' ', i);
		if (end == std::string::npos)
			end = text.size();
		if (end > i)
			w.push_back(text.substr(i, end - i));
		i = end + 1;
	}
	return w;
}

static int build(const std::string &name, const char *path)
{
	std::ifstream in(path);
	std::string line;
	long n = 0;
	double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), parse = 0;
	{
		Xapian::WritableDatabase db(name + ".raw", Xapian::DB_CREATE_OR_OVERWRITE | Xapian::DB_NO_SYNC);
		while (std::getline(in, line)) {
			double p = now(CLOCK_PROCESS_CPUTIME_ID);
			struct json_object *o = json_tokener_parse(line.c_str()), *v = nullptr;
			std::string text = o && json_object_object_get_ex(o, "text", &v) ? json_object_get_string(v) : "";
			json_object_put(o);
			parse += now(CLOCK_PROCESS_CPUTIME_ID) - p;
			Xapian::Document d;
			Xapian::termpos pos = 0;
			for (const std::string &w : words_of(text))
				if (w.size() < 240)
					d.add_posting(w, ++pos);
			db.add_document(d);
			n++;
		}
		db.commit();
		db.compact(name);
	}
	wall = now(CLOCK_MONOTONIC) - wall;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu - parse;
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	std::printf("build\tdocs\t%ld\tcpu_s\t%.2f\twall_s\t%.2f\trss_mb\t%.0f\n", n, cpu, wall, (double)u.ru_maxrss / 1024);
	return 0;
}

static Xapian::Query translate(const std::string &cls, const std::string &text)
{
	std::vector<std::string> w = words_of(text);
	if (cls == "and")
		return Xapian::Query(Xapian::Query::OP_AND, w.begin(), w.end());
	if (cls == "phrase")
		return Xapian::Query(Xapian::Query::OP_PHRASE, w.begin(), w.end(), (Xapian::termcount)w.size());
	return Xapian::Query(Xapian::Query::OP_OR, w.begin(), w.end());
}

static int query(const std::string &name, const char *path, int rounds)
{
	Xapian::Database db(name);
	std::printf("class\tqueries\tp50_us\tp95_us\tp99_us\tmean_us\tqps\thits\n");
	for (const char *cls : {"term", "and", "or", "phrase"}) {
		std::ifstream in(path);
		std::string line;
		std::vector<double> us;
		double sum = 0;
		long hits = 0;
		while (std::getline(in, line)) {
			size_t tab = line.find('\t');
			if (tab == std::string::npos || line.substr(0, tab) != cls)
				continue;
			double best = 1e9;
			for (int i = 0; i < rounds; i++) {
				double start = now(CLOCK_MONOTONIC);
				Xapian::Enquire e(db);
				e.set_weighting_scheme(Xapian::BM25Weight(1.2, 0, 1, 0.75, 0.0));
				e.set_query(translate(cls, line.substr(tab + 1)));
				Xapian::MSet m = e.get_mset(0, 10);
				double took = now(CLOCK_MONOTONIC) - start;
				best = std::min(best, took);
				if (i == 0)
					hits += m.size();
			}
			us.push_back(best * 1e6);
			sum += best * 1e6;
		}
		if (us.empty())
			continue;
		std::sort(us.begin(), us.end());
		size_t n = us.size();
		std::printf("%s\t%zu\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t%ld\n", cls, n, us[(n - 1) * 50 / 100], us[(n - 1) * 95 / 100], us[(n - 1) * 99 / 100], sum / (double)n,
			    1e6 * (double)n / sum, hits);
		std::fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		std::fprintf(stderr, "usage: xapian DB build TEXTS | DB query QUERIES ROUNDS\n");
		return 2;
	}
	try {
		return !std::strcmp(argv[2], "build") ? build(argv[1], argv[3]) : query(argv[1], argv[3], argc > 4 ? std::atoi(argv[4]) : 3);
	} catch (const Xapian::Error &e) {
		std::fprintf(stderr, "xapian: %s\n", e.get_description().c_str());
		return 2;
	}
}
