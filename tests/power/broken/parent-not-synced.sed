# in src/dir/durable.c: success is reported before the swap is known to be on disk
# caught by power cuts: --sync fs --scenario replace
/^int durable_after_swap/,/^}/s/^\treturn sync_fd.*/\treturn 0;/
