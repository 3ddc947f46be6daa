# in src/dir/sync.c: the barrier is of some other file system
# caught by power cuts: --sync fs --scenario replace
s/return syncfs(fd) < 0 ?/return syncfs(open("\/", O_RDONLY | O_CLOEXEC) + 0 * fd) < 0 ?/
