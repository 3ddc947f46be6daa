/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dir/store.h"
#include "tap.h"

static struct atomicdir_error error;

/* As a writer that made the store has it, when another one took the lock first. */
static bool begin(struct store *store)
{
	bool is_begun = store_open_parent(store, "app", 0, &error) == 0 && mkdir(store->name.store, 0711) == 0 &&
			store_open(store, &error) == 0;

	store->is_new = true;
	store->lock_fd = is_begun ? openat(store->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	return store->lock_fd >= 0;
}

int main(void)
{
	char directory[] = "/tmp/store_test.XXXXXX";
	struct store mine = STORE_INIT, other = STORE_INIT;

	if (!mkdtemp(directory) || chdir(directory) < 0 || !begin(&mine))
		return 2;
	ok(store_open_parent(&other, "app", 0, &error) == 0 && store_open_locked(&other, 0, &error) == 0,
	   "another writer may take the lock of a store that we made");
	store_unmake(&mine);
	ok(access(".app.atomicdir/lock", F_OK) == 0, "a store whose lock another writer holds is not unmade");
	store_close(&other);
	store_unmake(&mine);
	ok(access(".app.atomicdir", F_OK) < 0, "one that nobody holds is");
	store_close(&mine);
	if (chdir("/") < 0 || rmdir(directory) < 0)
		return 2;
	return done();
}
