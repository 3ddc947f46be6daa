# in src/dir/durable.c: what the store says of the new generation is not synced
# caught by rules: --sync files
s/^\t    sync_fd(store->fd, store->name.store, error) < 0)$/\t    0)/
