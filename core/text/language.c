/* language.c - the languages that libstemmer 2.2 has, with short lists of stop words.
 *
 * English: the 33 words of Lucene's EnglishAnalyzer, so that results can be compared. The others: articles, pronouns, prepositions, conjunctions and
 * forms of "to be" and "to have", lower case with their accents (they are compared before stemming).
 */
#include "core/text/language_private.h"

#include <string.h>

#include "core/text/analyzer.h"

#define WORDS(...)                                                                                                                                   \
	(const char *const[])                                                                                                                        \
	{                                                                                                                                            \
		__VA_ARGS__, NULL                                                                                                                    \
	}

static const struct language languages[] = {
	{
		.names = "en eng english",
		.fold_first = true,
		.possessive = true,
		.vowels = "aeiouy'",
		.stop = WORDS("a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of", "on", "or",
			      "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with"),
	},
	{.names = "ar ara arabic", .stop = WORDS("في", "من", "على", "إلى", "عن", "مع", "هذا", "هذه", "ذلك", "التي", "الذي", "هو", "هي", "أن", "ان", "كان",
						 "كانت", "ما", "لا", "لم", "قد", "أو", "او", "ثم", "كل", "بعد", "بين", "و")},
	{.names = "ca cat catalan", .elided = " l d s n m t ",
	 .stop = WORDS("el", "la", "els", "les", "un", "una", "uns", "unes", "de", "del", "dels", "a", "al", "als", "en", "i", "o", "que", "per", "amb",
		       "es", "és", "no", "com", "més", "ser", "són", "ha", "han", "aquest", "aquesta", "seu", "seva")},
	{.names = "da dan danish", .stop = WORDS("og", "i", "jeg", "det", "at", "en", "et", "den", "til", "er", "som", "på", "de", "med", "han", "af", "for",
						 "ikke", "der", "var", "mig", "sig", "men", "har", "om", "vi", "havde", "hun", "nu", "over", "da", "fra",
						 "du", "ud", "sin", "dem", "os", "op", "eller", "være", "hans", "hvor", "hvad", "blev", "kan", "også")},
	{.names = "de deu ger german",
	 .stop = WORDS("aber", "als", "am", "an", "auch", "auf", "aus", "bei", "bin", "bis", "da", "das", "dass", "dem", "den", "der", "des", "die", "dies",
		       "diese", "diesem", "diesen", "dieser", "dieses", "doch", "du", "durch", "ein", "eine", "einem", "einen", "einer", "eines", "er", "es",
		       "für", "hat", "hatte", "ich", "ihm", "ihn", "ihr", "ihre", "ihren", "im", "in", "ist", "ja", "kann", "mit", "nach", "nicht", "noch",
		       "nur", "ob", "oder", "sein", "seine", "seinem", "seinen", "seiner", "sich", "sie", "sind", "so", "über", "um", "und", "uns", "unter",
		       "vom", "von", "vor", "war", "waren", "was", "weil", "wenn", "werden", "wie", "wir", "wird", "wo", "wurde", "wurden", "zu", "zum",
		       "zur")},
	{.names = "el ell greek"},
	{.names = "es spa spanish",
	 .stop = WORDS("de", "la", "que", "el", "en", "y", "a", "los", "del", "se", "las", "por", "un", "para", "con", "no", "una", "su", "al", "lo", "como",
		       "más", "pero", "sus", "le", "ya", "o", "este", "sí", "porque", "esta", "entre", "cuando", "muy", "sin", "sobre", "también", "me",
		       "hasta", "hay", "donde", "quien", "desde", "todo", "nos", "durante", "ni", "contra", "ese", "eso", "es", "son", "fue", "ha", "han",
		       "era", "ser", "está", "están")},
	{.names = "eu eus basque"},
	{.names = "fi fin finnish", .stop = WORDS("ja", "on", "ei", "että", "oli", "se", "hän", "mutta", "ovat", "joka", "kun", "niin", "kuin", "tai", "olla",
						  "myös", "sen", "jos", "ne", "mukaan", "sekä", "jotka", "vain", "tämä", "ole", "nyt", "minä", "sinä", "me",
						  "te", "he", "oli", "olivat", "olen", "olet", "eivät", "en", "et")},
	{.names = "fr fra fre french", .elided = " l m t qu n s j d c jusqu quoiqu lorsqu puisqu ",
	 .stop = WORDS("au", "aux", "avec", "ce", "ces", "dans", "de", "des", "du", "elle", "en", "et", "eux", "il", "ils", "je", "la", "le", "les", "leur",
		       "lui", "ma", "mais", "me", "même", "mes", "moi", "mon", "ne", "nos", "notre", "nous", "on", "ou", "où", "par", "pas", "pour", "qu",
		       "que", "qui", "sa", "se", "ses", "son", "sur", "ta", "te", "tes", "toi", "ton", "tu", "un", "une", "vos", "votre", "vous", "c", "d",
		       "j", "l", "à", "m", "n", "s", "t", "y", "est", "sont", "était", "été", "être", "a", "ont", "avait", "fut")},
	{.names = "ga gle irish"},
	{.names = "hi hin hindi", .stop = WORDS("के", "में", "की", "है", "का", "को", "से", "और", "ने", "पर", "एक", "यह", "हैं", "भी", "था", "थे", "थी", "हो", "इस", "कि", "जो",
						"वह", "या", "तो", "ही", "नहीं", "गया", "लिए")},
	{.names = "hu hun hungarian", .stop = WORDS("a", "az", "és", "hogy", "nem", "is", "egy", "ez", "de", "csak", "meg", "van", "volt", "vagy", "mint", "azt",
						    "ha", "már", "el", "ki", "kell", "még", "be", "fel", "le", "lesz", "aki", "amely", "ami", "ezt")},
	{.names = "hy hye armenian"},
	{.names = "id ind indonesian", .stop = WORDS("yang", "dan", "di", "dari", "ini", "pada", "dengan", "untuk", "dalam", "itu", "ke", "adalah", "oleh", "atau",
						     "juga", "tidak", "sebagai", "akan", "telah", "bahwa", "mereka", "karena", "ada", "dapat", "sebuah")},
	{.names = "it ita italian", .elided = " l c un m t s v d dell all dall nell sull coll quell quest gl ",
	 .stop = WORDS("il", "lo", "la", "i", "gli", "le", "un", "uno", "una", "di", "a", "da", "in", "con", "su", "per", "tra", "fra", "del", "dello", "della",
		       "dei", "degli", "delle", "al", "allo", "alla", "ai", "agli", "alle", "dal", "dalla", "dai", "dalle", "nel", "nella", "nei", "nelle",
		       "sul", "sulla", "sui", "sulle", "e", "ed", "o", "ma", "se", "che", "chi", "cui", "non", "come", "più", "si", "ci", "è", "sono", "era",
		       "ha", "hanno", "anche", "suo", "sua", "suoi", "sue", "questo", "questa", "quello", "quella")},
	{.names = "lt lit lithuanian"},
	{.names = "ne nep nepali"},
	{.names = "nl nld dut dutch",
	 .stop = WORDS("de", "en", "van", "ik", "te", "dat", "die", "in", "een", "hij", "het", "niet", "zijn", "is", "was", "op", "aan", "met", "als", "voor",
		       "had", "er", "maar", "om", "hem", "dan", "zou", "of", "wat", "mijn", "men", "dit", "zo", "door", "over", "ze", "zich", "bij", "ook",
		       "tot", "je", "mij", "uit", "der", "daar", "haar", "naar", "heb", "heeft", "hebben", "deze", "u", "nog", "nu", "ze", "worden", "wordt",
		       "werd")},
	{.names = "no nb nn nor norwegian", .stop = WORDS("og", "i", "jeg", "det", "at", "en", "et", "den", "til", "er", "som", "på", "de", "med", "han", "av",
							  "ikke", "der", "så", "var", "meg", "seg", "men", "ett", "har", "om", "vi", "hadde", "hun", "nå",
							  "over", "da", "ved", "fra", "du", "ut", "sin", "dem", "oss", "opp", "kan", "hans", "hvor", "eller",
							  "hva", "skal", "for", "ble", "være", "også")},
	{.names = "porter", .fold_first = true, .possessive = true},
	{.names = "pt por portuguese",
	 .stop = WORDS("de", "a", "o", "que", "e", "do", "da", "em", "um", "para", "com", "não", "uma", "os", "no", "se", "na", "por", "mais", "as", "dos",
		       "como", "mas", "ao", "ele", "das", "à", "seu", "sua", "ou", "quando", "muito", "nos", "já", "eu", "também", "só", "pelo", "pela", "até",
		       "isso", "ela", "entre", "depois", "sem", "mesmo", "aos", "seus", "quem", "nas", "me", "esse", "eles", "é", "foi", "são", "ser", "tem")},
	{.names = "ro ron rum romanian"},
	{.names = "ru rus russian",
	 .stop = WORDS("и", "в", "во", "не", "что", "он", "на", "я", "с", "со", "как", "а", "то", "все", "она", "так", "его", "но", "да", "ты", "к", "у", "же",
		       "вы", "за", "бы", "по", "только", "ее", "мне", "было", "вот", "от", "меня", "о", "из", "ему", "теперь", "когда", "даже", "ну", "ли",
		       "если", "или", "быть", "был", "него", "до", "вас", "уже", "вам", "ведь", "там", "потом", "себя", "ей", "они", "тут", "где", "есть",
		       "для", "мы", "тебя", "их", "чем", "была", "сам", "чтоб", "без", "этот", "того", "этого", "какой", "ним", "этом", "мой", "тем", "чтобы",
		       "были", "при", "об", "это", "также")},
	{.names = "sr srp serbian"},
	{.names = "sv swe swedish", .stop = WORDS("och", "det", "att", "i", "en", "jag", "hon", "som", "han", "på", "den", "med", "var", "sig", "för", "så", "till",
						  "är", "men", "ett", "om", "hade", "de", "av", "icke", "inte", "mig", "du", "från", "kan", "när", "hans", "nu",
						  "över", "vid", "sin", "dem", "oss", "eller", "har", "ut", "där", "vara", "också", "efter")},
	{.names = "ta tam tamil"},
	{.names = "tr tur turkish", .turkic = true,
	 .stop = WORDS("ve", "bir", "bu", "da", "de", "için", "ile", "çok", "daha", "olarak", "en", "gibi", "ne", "o", "ki", "ama", "her", "mi", "mı", "ya",
		       "veya", "kadar", "sonra", "olan", "olduğu", "var", "ise")},
	{.names = "yi yid yiddish"},
	{.names = "none"},
};

enum { NLANGUAGES = sizeof(languages) / sizeof(languages[0]) };

static bool lists(const char *names, const char *word, size_t n)
{
	for (const char *p = names; n && *p; p++) {
		size_t len = strcspn(p, " ");
		if (len == n && memcmp(p, word, n) == 0)
			return true;
		p += len;
		if (!*p)
			break;
	}
	return false;
}

const struct language *language_find(const char *name)
{
	for (unsigned i = 0; i < NLANGUAGES; i++) {
		if (lists(languages[i].names, name, strlen(name)))
			return &languages[i];
	}
	return NULL;
}

const char *language_stemmer(const struct language *l)
{
	const char *last = strrchr(l->names, ' ');
	return last ? last + 1 : l->names;
}

bool language_stops(const struct language *l, const char *word, size_t n)
{
	for (const char *const *s = l->stop; s && *s; s++) {
		if ((*s)[0] == word[0] && strlen(*s) == n && memcmp(*s, word, n) == 0)
			return true;
	}
	return false;
}

bool language_elides(const struct language *l, const char *word, size_t n)
{
	return l->elided && lists(l->elided, word, n);
}

const char *const *analyzer_languages(void)
{
	static const char *const names[] = {"en", "ar", "ca", "da", "de", "el", "es", "eu", "fi", "fr", "ga", "hi", "hu", "hy", "id", "it",	  "lt",
					    "ne", "nl", "no", "porter", "pt", "ro", "ru", "sr", "sv", "ta", "tr", "yi", "none", NULL};
	return names;
}
