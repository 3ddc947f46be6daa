# in src/dir/recover.c: a symlink that was prepared is taken for one whose generation is whole
# caught by power cuts: --sync fs --scenario replace
s/^\tlink_forget(store->fd);$/\trenameat(store->fd, "next", store->parent_fd, store->name.base);/
