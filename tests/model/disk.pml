/* SPDX-License-Identifier: ISC
 *
 * A file system for model.pml. see[x] is the value of entry x that a running kernel shows; disk[x] is the set of values that a power
 * cut may leave there: every value that x had since it was last synced. Entries are independent of each other: any part of what was not
 * synced may be lost, in any order. Real file systems lose less.
 */
/* The entries: in the parent, in the lock, in the store; each number has its own. */
#define STORE       0
#define LINK        1                   /* the number that it names; 0: absent */
#define NUMBER      2                   /* in the lock: the highest one that was given */
#define NEXT        3                   /* as LINK */
#define DIR(n)      (5 * (n) - 1)       /* HERE, TRASH: as N.trash; 0: gone */
#define INFO(n)     (5 * (n))
#define INFO_NEW(n) (5 * (n) + 1)
#define HOOK(n)     (5 * (n) + 2)
#define TREE(n)     (5 * (n) + 3)       /* 1: all that belongs in N is there */
#define NAME        (5 * GENERATIONS + 4)  /* in the parent, of layout volume: the number that it leads to by itself, or VIA */
#define ENTRIES     (5 * GENERATIONS + 5)
#define FOREIGN     (GENERATIONS + 1)   /* at LINK: somebody else's */
#define VIA         (GENERATIONS + 1)   /* at NAME: it leads through LINK */
#define HERE        1
#define TRASH       2
byte see[ENTRIES], disk[ENTRIES];
hidden byte v;

#define BIT(value)        (1 << (value))
#define set(x, value)     see[x] = value; disk[x] = disk[x] | BIT(see[x])
#define sync(x)           disk[x] = BIT(see[x])
#define on_disk(x, value) (disk[x] == BIT(value))
/* One order is assumed: what is removed from N.trash is not removed on disk before the rename of N to N.trash is there. */
#define forget_tree(n)    see[TREE(n)] = 0

inline sync_the_parent() { sync(STORE); sync(LINK); sync(NAME) }

inline sync_the_store()
{
	sync(NEXT);
	for (v : 1 .. GENERATIONS) { sync(DIR(v)); sync(INFO(v)); sync(INFO_NEW(v)); sync(HOOK(v)) }
}

inline sync_all()
{
	if :: !is_broken(parent_not_synced) -> sync_the_parent() :: else fi;
	if :: !is_broken(number_not_synced) -> sync(NUMBER) :: else fi;
	if :: !is_broken(store_not_synced) -> sync_the_store() :: else fi;
	if :: !is_broken(tree_not_synced) -> for (v : 1 .. GENERATIONS) { sync(TREE(v)) } :: else fi
}

/* After a power cut every entry has one of the values that it may have. */
inline read_the_disk()
{
	for (v : 0 .. ENTRIES - 1) {
		if
		:: disk[v] & 1 -> see[v] = 0
		:: disk[v] & 2 -> see[v] = 1
		:: disk[v] & 4 -> see[v] = 2
		:: disk[v] & 8 -> see[v] = 3
		:: disk[v] & 16 -> see[v] = 4
		fi;
		sync(v)
	}
}
