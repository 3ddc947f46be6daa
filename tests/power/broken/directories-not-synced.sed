# in src/dir/sync.c: files are synced, the directories that name them are not
# caught by rules: --sync files
s/^\treturn sync_fd(directory_fd, path, error);$/\treturn 0;/
