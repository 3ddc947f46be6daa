/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dir/store.h"
#include "tap.h"

static struct atomicdir_error warning, error;

/* As a writer that made the store has it, when another one took the lock first. */
static bool begin(struct place *place, struct store *store)
{
	bool is_begun = place_open(place, "app", ATOMICDIR_LAYOUT_AUTO, PLACE_TO_WRITE, &error) == 0 &&
			mkdir(place->name.store, 0711) == 0 && store_open(place, &warning, &error) == 0;

	store->is_new = true;
	store->lock_fd = is_begun ? openat(place->store_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	return store->lock_fd >= 0;
}

int main(void)
{
	char directory[] = "/tmp/store_test.XXXXXX";
	struct place my_place = PLACE_INIT, other_place = PLACE_INIT;
	struct store mine = STORE_INIT, other = STORE_INIT;

	if (!mkdtemp(directory) || chdir(directory) < 0 || !begin(&my_place, &mine))
		return 2;
	ok(place_open(&other_place, "app", ATOMICDIR_LAYOUT_AUTO, PLACE_TO_WRITE, &error) == 0 &&
		   store_lock(&other, &other_place, 0, &warning, &error) == 0,
	   "another writer may take the lock of a store that we made");
	store_unmake(&mine, &my_place);
	ok(access(".app.atomicdir/lock", F_OK) == 0, "a store whose lock another writer holds is not unmade");
	store_unlock(&other);
	place_close(&other_place);
	store_unmake(&mine, &my_place);
	ok(access(".app.atomicdir", F_OK) < 0, "a store that nobody holds is unmade");
	store_unlock(&mine);
	place_close(&my_place);
	if (chdir("/") < 0 || rmdir(directory) < 0)
		return 2;
	return done();
}
