# in src/dir/publish.c: the old generation goes before the swap is known to be on disk
# caught by rules: --sync fs
s/^\twriter->live = publication->number;$/\tgeneration_remove(\&writer->store, writer->live, \&writer->warning);\n&/
s/^#include "dir\/prune.h"$/&\n#include "dir\/recover.h"/
