/* SPDX-License-Identifier: ISC
 *
 * LINK and the names that follow from it, by table.
 */
#include <string.h>

#include "base/error.h"
#include "dir/name.h"
#include "dir/part.h"
#include "tap.h"

static struct atomicdir_error error;

/* ---- LINK ---- */

static const struct {
	const char *link, *parent, *base; /* NULL: USAGE */
} links[] = {
	{ "app", ".", "app" },
	{ "./app", ".", "app" },
	{ "app/", ".", "app" },
	{ "app///", ".", "app" },
	{ "/app", "/", "app" },
	{ "/srv/app", "/srv", "app" },
	{ "srv/a b*\n", "srv", "a b*\n" },
	{ "...", ".", "..." },
	{ "", NULL, NULL },
	{ ".", NULL, NULL },
	{ "..", NULL, NULL },
	{ "a/..", NULL, NULL },
	{ "a/.", NULL, NULL },
	{ "/", NULL, NULL },
	{ "//", NULL, NULL },
};

static void test_links(void)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		struct name name;
		char claim[128];
		int done = name_init(&name, links[i].link, &error);

		snprintf(claim, sizeof(claim), "LINK %zu, '%.40s', is %s", i, links[i].link,
			 links[i].base ? "split" : "refused");
		for (char *c = claim; *c; c++)
			*c = *c == '\n' ? ' ' : *c;
		if (!links[i].base)
			ok(done < 0 && error.kind == ATOMICDIR_USAGE, claim);
		else
			ok(done == 0 && strcmp(name.parent, links[i].parent) == 0 && strcmp(name.base, links[i].base) == 0,
			   claim);
	}
}

/* ---- The store ---- */

static void test_stores(void)
{
	char long_link[256];
	struct name name, other;

	name_init(&name, "srv/app", &error);
	name_store(&name, false, 255);
	is_text(name.store, ".app.atomicdir", "a store's name has a dot before it");
	name_store(&name, true, 255);
	is_text(name.store, "app.atomicdir", "or none, if it is to be seen");
	memset(long_link, 'x', 255);
	long_link[255] = '\0';
	name_init(&name, long_link, &error);
	name_store(&name, false, 255);
	ok(strlen(name.store) <= 255 && strncmp(name.store, ".xxx", 4) == 0 && strstr(name.store, "~"), "a long name is cut");
	long_link[254] = 'y';
	name_init(&other, long_link, &error);
	name_store(&other, false, 255);
	ok(strcmp(name.store, other.store) != 0, "and two that are cut alike have stores of their own");
	name_store(&name, false, 143);
	ok(strlen(name.store) <= 143, "shorter where the file system has shorter names");
}

/* ---- Numbers and links of our form ---- */

static const struct {
	const char *text;
	int64_t number; /* 0: not ours */
} texts[] = {
	{ ".app.atomicdir/000001", 1 },
	{ ".app.atomicdir/000042", 42 },
	{ ".app.atomicdir/1234567", 1234567 },
	{ ".app.atomicdir/000000", 0 },
	{ ".app.atomicdir/42", 0 },
	{ ".app.atomicdir/0000042", 0 },
	{ ".app.atomicdir/000042/", 0 },
	{ ".app.atomicdir/000042/x", 0 },
	{ ".app.atomicdir/000042.info", 0 },
	{ ".app.atomicdir//000042", 0 },
	{ "./.app.atomicdir/000042", 0 },
	{ "/srv/.app.atomicdir/000042", 0 },
	{ ".other.atomicdir/000042", 0 },
	{ ".app.atomicdir/-00042", 0 },
	{ ".app.atomicdir/9999999999999999", 0 },
	{ ".app.atomicdir/99999999999999999999999", 0 },
	{ "", 0 },
};

static void test_texts(void)
{
	struct name name;

	name_init(&name, "/srv/app", &error);
	name_store(&name, false, 255);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char claim[128];

		snprintf(claim, sizeof(claim), "'%s' is %s", texts[i].text,
			 texts[i].number ? "a link of ours" : "not a link of ours");
		ok(name_parse_link_text(&name, texts[i].text) == texts[i].number, claim);
	}
}

/* ---- The files of the store ---- */

static const struct {
	enum part part;
	const char *name;
} parts[] = {
	{ PART_DIRECTORY, "000042" },	{ PART_INFO, "000042.info" }, { PART_INFO_NEW, "000042.info.new" },
	{ PART_HOOK, "000042.hook" },	{ PART_NOTE, "000042.note" }, { PART_CARRIED, "000042.carried" },
	{ PART_TRASH, "000042.trash" },
};

static void test_parts(void)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		char name[NAME_NUMBER_SIZE], claim[64];

		part_name(name, 42, parts[i].part);
		snprintf(claim, sizeof(claim), "generation 42 has %s", parts[i].name);
		is_text(name, parts[i].name, claim);
	}
}

int main(void)
{
	test_links();
	test_stores();
	test_texts();
	test_parts();
	return done();
}
