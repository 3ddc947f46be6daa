/* SPDX-License-Identifier: ISC
 *
 * The life of a publication as a model for spin(1): what src/dir and src/command/hook.c do, step by step. Between any two steps a
 * writer may die, the power may fail, or a barrier may fail. model.sh searches all states; order.sh compares the steps with the system
 * calls of the commands. steps.def names the steps for both.
 *
 * model.sh sets the bounds. There are three numbers, and a call that would need a fourth ends. CALLERS processes make CALLS calls in
 * all, each one a fill with other or the same content, a rollback or a prune, with one syncfs or file by file; with HOOKS each has a
 * hook. KILLS times a process dies, CUTS times the power fails, FAULTS barriers fail, anywhere. A reader pins READS times.
 * Which old generations `--keep` and `--grace` let a prune remove is left open: any but the live one, and while its hook is due the
 * one that it replaced.
 * With VOLUME, LINK is the ..data of a volume, and beside it is one name, which the odd generations have: so it comes and goes. A name
 * that every generation has is never touched. A name is turned in one step, since a crash in the middle of it leaves only a symlink
 * in the store that nobody follows.
 * The model leaves out the layout files, the name of a volume's own directory, strangers who make or remove names in a volume,
 * adoptions, detaching, `--sync none`, the removal of an unused store, dry runs, publications that are undone, what is inside a
 * generation or an `.info`, and strangers who rename in the parent between the last look at LINK and the swap.
 */
#ifndef SCRIPT
#define SCRIPT 0                        /* order.sh: which calls are made, a digit each, the last one first */
#endif
#ifndef VOLUME
#define VOLUME 0                        /* whether LINK is the ..data of a volume, which has names that lead through it */
#endif
#ifndef HELD
#define HELD 0                          /* whether a fill may be held; else one with the same content is written */
#endif
#ifndef KEEP
#define KEEP 0                          /* how many a scripted call keeps */
#endif
#ifndef DIES_WHEN
#define DIES_WHEN nowhere               /* a scripted call */
#endif
#define nowhere            false
#define before_the_barrier (see[NEXT] == 2)
#define before_the_swap    on_disk(NEXT, 2)
#define before_its_info    (on_disk(LINK, 2) && is_timed)
#define with_a_turned_name (see[NEXT] == 2 && see[NAME] == 1)
#define before_its_names   (before == 1 && see[NAME] == 1)
#define GENERATIONS 3

#define STEP(name, calls) name,
#define VARIANT(name, bounds, promise) name,
mtype = {
#include "steps.def"
#include "broken.def"
	call, nothing };
#define print(name) printf("step %e\n", name)
/* -DBROKEN=tree_not_synced makes the mistake of this name in broken.def. */
#ifndef BROKEN
#define BROKEN nothing
#endif
#define is_broken(what) (BROKEN == what)
#include "disk.pml"

/* The calls. */
#define FILL_OTHER 1
#define FILL_SAME  2
#define FILL_HELD  3                    /* the same, found so before anything is written (held.c, matches.c) */
#define ROLLBACK   4
#define PRUNE      5
#define HOOK_PRUNE 6                    /* with it a call that had a hook ends */

/* What the death of a process releases: its flock(2) on the lock, on generations (pins are shared locks), and on marks. */
byte owner;                             /* the caller at work; 0: none */
byte pins[CALLERS + 1];                 /* by the reader; by each caller on what its hook is told was live before */
#define pin_of_reader      pins[0]
#define pin_of_old(caller) pins[caller]
#define is_pinned(n)       (pins[0] == n || pins[1] == n || pins[CALLERS] == n)
byte remover[GENERATIONS + 1];
byte mark_holder[GENERATIONS + 1];      /* of the mark that has the name now; a new mark is another file */
byte before;                            /* what the live one replaced, as its `.info` says; 0: nothing, or the power was cut */
hidden byte is_timed;                   /* whether the live one's `.info` has the time of its swap; only a scripted call looks at it */
byte good;                              /* a set: those with `.good`. What a power cut makes of it matters to nobody */
bool is_sure;                           /* the reader looked at LINK once more when it had its pin */
bool are_names_lost;                    /* by a power cut, until a writer has mended them */
bool is_busy[CALLERS + 1], dies[CALLERS + 1], reader_dies;
byte calls = CALLS, kills = KILLS, cuts = CUTS, faults = FAULTS, reads = READS, strangers = STRANGERS;
int script = SCRIPT;

/* Only the claims use these. `later`, `published`, `orphaned` and `told` are sets. */
byte promised, later;                   /* what was live at the last success; what LINK has been made to name since */
byte published;
byte filling[CALLERS + 1], orphaned;    /* a COMMAND that outlived its writer still writes into that number's directory */
byte told, hears[CALLERS + 1];          /* whose hook began after the last time it went live, and succeeded; whose hook still runs */
byte worked;                            /* a set: whose hook has ever succeeded */
bool P1_whole = true, P1_names = true, P2_durable = true, P3_nothing_foreign = true, P4_never_wedged = true, P5_one_writer = true, P7_pins_hold = true,
	numbers_once = true, hook_at_least_once = true, hook_only_for_live = true, hook_has_its_generations = true, good_has_worked = true;
#define claim(name, holds) assert(name && (holds))

#define is_generation(n)    ((n) > 0 && (n) <= GENERATIONS)
#define is_whole(n)         (see[STORE] && see[DIR(n)] == HERE && see[TREE(n)])
#define has_name(n)         ((n) & 1)   /* so it comes and goes; 0 and FOREIGN have none */
#define is_whole_on_disk(n) (on_disk(STORE, 1) && on_disk(DIR(n), HERE) && on_disk(TREE(n), 1))

/* These hold at every instant, for every reader, and for every disk that a power cut at this instant may leave. */
#define P1(n) (see[LINK] != n || is_whole(n))
/* As long as the live generation has the name, it leads there; else nowhere, or to another one. */
#define P1_of_name(name, link) \
	(has_name(link) -> name == VIA || name == link : !name || has_name(name) && is_generation(name) && is_whole(name))
#define P2(n) (!(disk[LINK] & BIT(n)) || is_whole_on_disk(n))
#define P2_of_name(n) (!(disk[NAME] & BIT(n)) || !(published & BIT(n)) || is_whole_on_disk(n))
#define P7(n) (!is_sure || pin_of_reader != n || see[DIR(n)] == HERE && see[TREE(n)])
#define H1(n) (!HOOKS || told & BIT(n) || (see[LINK] != n || see[HOOK(n)]) && (!(disk[LINK] & BIT(n)) || on_disk(HOOK(n), 1)))
#define P7_of(v) (!pin_of_old(v) || see[DIR(pin_of_old(v))] == HERE)
#define H2(v) (!hears[v] || see[DIR(hears[v])] == HERE)
active proctype watcher()
{
end:	if
	:: atomic { !(P1(1) && P1(2) && P1(3)) -> claim(P1_whole, false) }
	:: atomic { !(P2(1) && P2(2) && P2(3)) || disk[LINK] & ~(BIT(promised) | later | BIT(FOREIGN)) -> claim(P2_durable, false) }
#if VOLUME
	:: atomic { !are_names_lost && !P1_of_name(see[NAME], see[LINK]) -> claim(P1_names, false) }
	:: atomic { !(P2_of_name(1) && P2_of_name(3)) -> claim(P2_durable, false) }
#endif
	:: atomic { !(P7(1) && P7(2) && P7(3) && P7_of(1) && P7_of(CALLERS)) -> claim(P7_pins_hold, false) }
	:: atomic { !(H1(1) && H1(2) && H1(3)) -> claim(hook_at_least_once, false) }
	:: atomic { !(H2(1) && H2(CALLERS)) -> claim(hook_has_its_generations, false) }
	:: atomic { good & ~worked -> claim(good_has_worked, false) }
	fi
}

/* One system call, or several whose order does not matter: nothing else happens in between. */
#define step_if(condition, name, effect) atomic { if :: condition -> print(name); effect :: else fi }
#define step(name, effect) atomic { print(name); effect }
/* Who changes the store must have the lock. */
#define write_if(condition, name, effect) step_if(condition, name, claim(P5_one_writer, owner == me); effect)
#define write(name, effect) step(name, claim(P5_one_writer, owner == me); effect)
/* A barrier. One that fails has made nothing durable, and none is tried after it. */
#define barrier_if(condition, name, effect) atomic { \
	if \
	:: (condition) && !has_failed -> print(name); if :: effect :: faults > 0 -> faults--; has_failed = true fi \
	:: else \
	fi }

/* durable.c. The name of the store may be as new as what is in the store. */
inline durable_before_swap(n)
{
	barrier_if(!by_files, sync_filesystem, sync_all());
	barrier_if(by_files && !is_broken(tree_not_synced), sync_tree, sync(TREE(n)));
	barrier_if(by_files, sync_info, skip);
	barrier_if(by_files && see[HOOK(n)], sync_hook, skip);
	barrier_if(by_files && !is_broken(number_not_synced), sync_number, sync(NUMBER));
	barrier_if(by_files && !is_broken(store_not_synced), sync_store, sync_the_store());
	barrier_if(by_files && (is_broken(new_store_not_synced) -> is_store_new : !live || is_doubtful), sync_parent, sync_the_parent())
}

inline durable_after_swap()
{
	barrier_if(!is_broken(parent_not_synced), sync_parent, sync_the_parent())
}

/* layout_volume.c. Nothing of this is there without VOLUME. */
#if VOLUME
#define in_volume(what) what;
#else
#define in_volume(what)
#endif

/* What the swap to n needs at the name. */
inline announce(n)
{
	atomic {
		if
		:: has_failed || is_broken(names_after_swap)
		:: else ->
			if
			:: has_name(n) && !see[NAME] -> write(make_name, set(NAME, n))
			:: !has_name(n) && see[NAME] == VIA && live ->
				write(turn_name, set(NAME, (is_broken(name_unlinked_early) -> 0 : live)))
			:: else
			fi
		fi
	};
	barrier_if(by_files, sync_parent, sync_the_parent())
}

/* Beside LINK, the name becomes what the live generation needs. */
inline mend()
{
	atomic {
		if
		:: has_name(live) && !see[NAME] -> write(make_name, set(NAME, VIA))
		:: has_name(live) && is_generation(see[NAME]) -> write(turn_name, set(NAME, VIA))
		:: !has_name(live) && see[NAME] -> write(unlink_name, set(NAME, 0))
		:: else
		fi;
		are_names_lost = false
	}
}

#define mends_late is_broken(removed_before_mended)

/* In each call: whether a killed one mended the name, and did not come to sync it, cannot be seen. */
inline recover_sync_names()
{
	barrier_if(!is_doubtful && !is_broken(mend_not_synced), sync_parent, sync_the_parent());
	atomic { is_doubtful = is_doubtful || has_failed; has_failed = false }
}

/* generation_remove() in prune.c */
inline remove(n)
{
	atomic {
		if
		:: is_pinned(n) && !is_broken(prune_ignores_pins) -> n = 0
		:: mark_holder[n] && !is_broken(prune_ignores_marks) -> n = 0
		:: else -> print(look_for_use); remover[n] = me
		fi
	}
	if
	:: n ->
		write_if(see[INFO(n)], unlink_info, set(INFO(n), 0));
		write_if(see[INFO_NEW(n)], unlink_info_new, set(INFO_NEW(n), 0));
		write_if(see[HOOK(n)] || good & BIT(n), unlink_hook, set(HOOK(n), 0); mark_holder[n] = 0; good = good & ~BIT(n));
		write(move_to_trash, set(DIR(n), TRASH));
		write(remove_trash, forget_tree(n); set(DIR(n), 0); remover[n] = 0)
	:: else
	fi
}

/* Nothing is deleted while it is in doubt what LINK would name after a power cut. */
#define may_delete (!is_doubtful || is_broken(deleted_while_doubtful))

/* prune.c; which generations are removed is the caller's policy. */
#define is_kept(n) (see[DIR(n)] == HERE && see[INFO(n)])
#define is_due(n)  (see[HOOK(live)] && n == before && !is_broken(replaced_not_kept))
#define may_go(n)  (is_kept(n) && n != live && !is_due(n) && may_delete && !(VOLUME && has_failed) && (!SCRIPT || !is_pinned(n) && n + (kind == PRUNE -> 0 : KEEP) < live))
inline prune()
{
	do
	:: atomic {
		if
		:: may_go(1) -> n = 1
		:: may_go(2) -> n = 2
		:: may_go(3) -> n = 3
		:: !SCRIPT || !(may_go(1) || may_go(2) || may_go(3)) -> n = 0; break
		fi
		};
		remove(n)
	od
}

/* recover.c: the live generation first, since nothing may be removed before it is on disk. */
#define is_swap_open      (live && (!see[INFO(live)] || see[INFO_NEW(live)]))
#define is_unpublished(n) (see[DIR(n)] == HERE && !see[INFO(n)] && !is_pinned(n) && !mark_holder[n])
#define is_orphan(n)      (see[DIR(n)] != HERE && (see[INFO(n)] || see[INFO_NEW(n)] || see[HOOK(n)] || good & BIT(n)))
#define is_left(n)        (n != live && (see[DIR(n)] == TRASH || is_unpublished(n) || is_orphan(n) || is_kept(n) && see[INFO_NEW(n)]))
#define is_over(n)        (is_left(n) && !(spared & BIT(n)))  /* what was in use when recovery came to it stays */
inline recover()
{
	if
	:: is_broken(recovery_trusts_next) -> write_if(see[NEXT], swap, set(LINK, see[NEXT]); set(NEXT, 0); live = see[LINK])
	:: else -> write_if(see[NEXT], unlink_next, set(NEXT, 0))
	fi;
	in_volume(if :: mends_late || is_broken(names_not_mended) :: else -> mend() fi)
	if
	:: is_swap_open ->
		if
		:: !is_broken(unchanged_trusts_swap) -> durable_before_swap(live); durable_after_swap()
		:: else
		fi;
		is_doubtful = has_failed;
		write_if(!is_doubtful && (!see[INFO_NEW(live)] || SCRIPT && before && !is_timed), write_info, set(INFO_NEW(live), 1));
		write_if(!is_doubtful, finish_info, set(INFO(live), 1); set(INFO_NEW(live), 0));
		has_failed = false
	:: else
	fi;
	in_volume(if :: mends_late :: else -> recover_sync_names() fi)
	do
	:: atomic { may_delete && !is_broken(leftovers_stay) && (is_left(1) || is_left(2) || is_left(3)) ->
		n = (is_left(3) -> 3 : (is_left(2) -> 2 : 1)) };
		write_if(see[DIR(n)] == TRASH, remove_trash, forget_tree(n); set(DIR(n), 0));
		if
		:: is_unpublished(n) -> remove(n)
		:: else ->
			write_if(is_orphan(n) && see[INFO(n)], unlink_info, set(INFO(n), 0));
			write_if(see[INFO_NEW(n)], unlink_info_new, set(INFO_NEW(n), 0));
			write_if(is_orphan(n) && (see[HOOK(n)] || good & BIT(n)), unlink_hook, set(HOOK(n), 0); good = good & ~BIT(n))
		fi
	:: atomic { else ->
		for (v : 1 .. GENERATIONS) {
			if :: see[DIR(v)] == HERE && !see[INFO(v)] && (is_pinned(v) || mark_holder[v]) -> spared = spared | BIT(v) :: else fi
		};
		break }
	od;
	in_volume(if :: mends_late -> mend(); recover_sync_names() :: else fi)
}

/* publish.c: steps 8 to 11. */
inline publish(n)
{
	write(write_info, set(INFO_NEW(n), 1));
	write_if(HOOKS && see[HOOK(n)] && is_broken(mark_gone_for_a_moment), unlink_hook, set(HOOK(n), 0));
	write_if(HOOKS && !is_broken(mark_not_written), write_hook,
		set(HOOK(n), 1); mark_holder[n] = (is_broken(mark_shared) -> mark_holder[n] : 0));
	write(make_next, set(NEXT, n));
	durable_before_swap(n);
	in_volume(announce(n))
	write_if(!has_failed, swap,
		if
		:: see[LINK] != looked && !is_broken(swap_replaces_anything) -> has_failed = true
		:: else ->
			claim(P3_nothing_foreign, see[LINK] != FOREIGN);
			set(LINK, n);
			set(NEXT, 0);
			later = later | BIT(n);
			published = published | BIT(n);
			told = told & ~BIT(n);
			for (v : 1 .. CALLERS) { if :: hears[v] == n -> hears[v] = 0 :: else fi };
			was = live;
			before = live;
			live = n;
			is_swapped = true;
			is_timed = 0
		fi);
	if
	:: !is_swapped ->
		write_if(see[NEXT], unlink_next, set(NEXT, 0));
		in_volume(mend())
		write_if(see[INFO_NEW(n)], unlink_info_new, set(INFO_NEW(n), 0));
		write_if(see[HOOK(n)] && HOOKS && kind != ROLLBACK, unlink_hook, set(HOOK(n), 0); mark_holder[n] = 0)
	:: else ->
		in_volume(mend())
		if :: !is_broken(deleted_before_durable) -> durable_after_swap() :: else fi;
		write_if(!has_failed && was, write_info, is_timed = 1);
		write_if(!has_failed, finish_info, set(INFO(n), 1); set(INFO_NEW(n), 0));
		write_if(!has_failed && was, wake, skip);
		is_doubtful = has_failed
	fi
}

/* command/hook.c. Two looks are one step here with what follows them, and are not in the code: the look at LINK before the hook starts
 * (who moves LINK in between has to run a hook of their own), and the look at the mark before its removal. */
inline run_the_hook()
{
	step_if(see[HOOK(live)] && is_swapped && was && see[DIR(was)] == HERE && !remover[was], pin, pin_of_old(me) = was);
	step_if(see[HOOK(live)] && !mark_holder[live], hold_mark, mark_holder[live] = me);
	step_if(mark_holder[live] == me && (see[LINK] == live || is_broken(hook_for_the_replaced)), run_hook,
		claim(hook_only_for_live, see[LINK] == live);
		claim(hook_has_its_generations, !is_swapped || !was || pin_of_old(me));
		runs = true; hears[me] = live);
	if
	:: runs && is_broken(mark_removed_early) -> step(mark_good, set(HOOK(live), 0); mark_holder[live] = 0)
	:: runs && is_broken(good_before_the_end) -> step(mark_good, good = good | BIT(live))
	:: else
	fi;
	/* The hook succeeds or fails. */
	atomic {
		if
		:: hears[me] -> told = told | BIT(hears[me]); worked = worked | BIT(hears[me])
		:: runs && !SCRIPT -> has_failed = true
		:: else
		fi;
		hears[me] = 0
	}
	step_if(!has_failed && runs && mark_holder[live] == me, mark_good, set(HOOK(live), 0); good = good | BIT(live));
	atomic { mark_holder[live] = (mark_holder[live] == me -> 0 : mark_holder[live]); pin_of_old(me) = 0 }
}

/* What a process that dies leaves behind. */
inline die(who)
{
	if
	:: is_busy[who] ->
		dies[who] = true;
		is_busy[who] = false;
		owner = (owner == who -> 0 : owner);
		pin_of_old(who) = 0;
		for (v : 1 .. GENERATIONS) {
			remover[v] = (remover[v] == who -> 0 : remover[v]);
			mark_holder[v] = (mark_holder[v] == who -> 0 : mark_holder[v])
		}
		orphaned = orphaned | BIT(filling[who]) & ~BIT(0);
		filling[who] = 0;
		hears[who] = 0
	:: else
	fi
}

proctype caller(byte me)
{
	byte kind, n, number, live, looked, was, spared;
	bool by_files, is_store_new, has_failed, is_doubtful, was_doubtful, is_swapped, runs;

end:	atomic {
		calls > 0 -> calls--;
		is_busy[me] = true;
		print(call);
		if
		:: SCRIPT -> kind = script % 10; script = script / 10
		:: !SCRIPT ->
			select (kind : FILL_OTHER .. PRUNE);
			if :: kind == FILL_HELD && !HELD -> kind = FILL_SAME :: else fi
		fi;
		if :: WAYS & 1 :: WAYS & 2 -> by_files = true fi
	};
	{
	skip;
begin:
	/* begin.c, store.c */
	step_if(!see[STORE], make_store, set(STORE, 1); is_store_new = true; print(make_lock));
	atomic {
		!owner || is_broken(lock_not_taken) ->
		owner = me;
		print(take_lock);
		looked = see[LINK];
		live = (is_generation(looked) && see[DIR(looked)] == HERE -> looked : 0);
		number = (is_broken(numbers_used_again) -> 0 : see[NUMBER]);
		number = (is_generation(looked) && looked > number -> looked : number);
		for (v : 1 .. GENERATIONS) {
			if
			:: v > number && (see[DIR(v)] || see[INFO(v)] || see[INFO_NEW(v)] || see[HOOK(v)] || good & BIT(v)) -> number = v
			:: else
			fi
		}
		number++;
		if :: looked == FOREIGN -> goto give_up :: else fi
	};
	recover();
	was_doubtful = is_doubtful;

	if
	:: kind >= PRUNE

	:: kind == ROLLBACK ->
		atomic {
			if
			:: is_kept(1) -> number = 1
			:: is_kept(2) && !SCRIPT -> number = 2
			:: is_kept(3) && !SCRIPT -> number = 3
			:: else -> goto give_up
			fi;
			if
			:: number == live && !is_doubtful -> goto succeed
			:: number == live && is_doubtful -> goto give_up
			:: else
			fi
		};
		publish(number)

	:: kind == FILL_HELD && live && !is_doubtful

	/* stage.c, commit.c */
	:: else ->
		if :: number > GENERATIONS -> goto give_up :: else fi;
		write(write_number, set(NUMBER, number));
		write(make_stage,
			claim(numbers_once, !((published | orphaned) & BIT(number)));
			set(DIR(number), HERE);
			set(TREE(number), 0);
			filling[me] = number);
		write(fill, set(TREE(number), 1); filling[me] = 0);
		if
		:: kind == FILL_SAME && live && !is_doubtful -> n = number
		:: else ->
			publish(number);
			/* The code prunes first; here a crash may cut either short. */
			n = (is_swapped -> 0 : number)
		fi;
		if :: n -> remove(n) :: else fi
	fi;
	prune();
	if
	:: is_broken(deleted_before_durable) -> durable_after_swap()
	:: else
	fi;
	if :: has_failed -> goto give_up :: else -> goto succeed fi;

give_up:
	atomic { print(release_lock); owner = 0; goto done };

succeed:
	atomic {
		/* A prune promises nothing about the live generation. */
		claim(P2_durable, kind >= PRUNE || on_disk(LINK, live) && is_whole_on_disk(live));
		in_volume(claim(P2_durable, kind >= PRUNE || on_disk(NAME, (has_name(live) -> VIA : 0))))
		claim(P4_never_wedged, was_doubtful || !see[NEXT] && !is_swap_open && !is_over(1) && !is_over(2) && !is_over(3));
		if :: kind < PRUNE -> promised = live; later = 0 :: else fi;
		print(release_lock);
		owner = 0
	};
	if :: HOOKS && live && kind < PRUNE -> run_the_hook() :: else fi;
	/* hook_prune() */
	atomic {
		if
		:: runs && !has_failed ->
			n = 0; number = 0; live = 0; looked = 0; was = 0; spared = 0;
			is_store_new = false; is_swapped = false; runs = false;
			kind = HOOK_PRUNE;
			goto begin
		:: else
		fi
	}
	} unless { dies[me] || SCRIPT && kills && (DIES_WHEN) };
done:	atomic {
		if :: SCRIPT && kills && (DIES_WHEN) -> kills--; die(me) :: else fi;
		kind = 0; n = 0; number = 0; live = 0; looked = 0; was = 0; spared = 0;
		by_files = false; is_store_new = false; has_failed = false; is_doubtful = false; was_doubtful = false;
		is_swapped = false; runs = false;
		pin_of_old(me) = 0;
		dies[me] = false;
		is_busy[me] = false;
		goto end
	}
}

/* pin.c */
proctype reader()
{
	byte n;

end:	do
	:: atomic { reads > 0 && is_generation(see[LINK]) -> n = see[LINK] };
		{
			atomic { if :: see[DIR(n)] == HERE :: else -> goto done fi };
			atomic { if :: !remover[n] || is_broken(prune_ignores_pins) -> pin_of_reader = n :: else -> goto done fi };
			atomic {
				if
				:: see[LINK] == n && see[DIR(n)] == HERE || is_broken(pin_not_looked_at_again) -> is_sure = true; reads--
				:: else
				fi
			};
			skip
		} unless { reader_dies };
done:		atomic { pin_of_reader = 0; is_sure = false; reader_dies = false; n = 0 }
	od
}

active proctype world()
{
	atomic {
		for (v : 0 .. ENTRIES - 1) { disk[v] = BIT(0) }
		for (v : 1 .. CALLERS) { run caller(v) }
		run reader()
	}
end:	do
	:: atomic { !SCRIPT && kills > 0 && is_busy[1] -> kills--; die(1) }
	:: atomic { kills > 0 && CALLERS > 1 && is_busy[CALLERS] -> kills--; die(CALLERS) }
	:: atomic { strangers > 0 && !see[LINK] -> strangers--; set(LINK, FOREIGN) }
	/* A power cut. */
	:: atomic {
		cuts > 0 -> cuts--;
		die(1);
		die(CALLERS);
		orphaned = 0;
		before = 0;
		reader_dies = pin_of_reader;
		pin_of_reader = 0;
		is_sure = false;
		read_the_disk();
		in_volume(are_names_lost = true)
		promised = see[LINK];
		later = 0
	}
	od
}
