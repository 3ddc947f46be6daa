/* SPDX-License-Identifier: ISC
 *
 * fleet [SEED]: what fleets of secretdir ask of AWS, as the tables of docs/fleet.md. The exit status is 1 where a goal is missed,
 * or a host never got what it wants.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fleet.h"

#define MINUTE 60000LL
#define HOUR (60 * MINUTE)
#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static uint64_t seed = 1;
static int missed;
static const size_t sizes[] = { 10, 1000, 10000, 100000 };

/* A goal is for fleets of some size; what is smaller is told and not judged. */
static const char *judge(double ratio, double limit)
{
	missed += limit > 0 && ratio > limit;
	return limit > 0 && ratio > limit ? " **missed**" : "";
}

static double poll_limit(size_t hosts)
{
	if (hosts >= 10000)
		return 1.2;
	return hosts >= 1000 ? 2.5 : 0;
}

static double keys_limit(size_t hosts)
{
	return hosts >= 10000 ? 2 : 0;
}

static double ratio_of(const struct fleet *fleet, enum call call, int64_t begin_ms, int64_t end_ms, int window, double mean)
{
	return (double)fleet_peak(fleet, call, begin_ms, end_ms, window) / (mean * window);
}

/* What a second has on average where each host has a round in each interval. */
static double mean_of(const struct plan *plan)
{
	return (double)plan->hosts * 1000 / (double)plan->interval_ms;
}

/* What AWS asks, in US$: for ten thousand calls of Secrets Manager, and for a month of a queue that is asked every 20 s. */
#define CALLS_PRICE 0.05
#define QUEUE_PRICE (30 * 24 * 180 * 0.40 / 1e6)

static void quiet_row(size_t hosts, int64_t interval_ms, const char *name, double queues)
{
	struct plan plan = { .hosts = hosts, .seed = seed, .end_ms = 2 * HOUR, .interval_ms = interval_ms };
	double describes, fetches;
	struct fleet fleet;

	/* The first hour has less in it for who has just come: a slot is at least a second away. */
	fleet_run(&fleet, &plan);
	describes = (double)fleet_sum(&fleet, CALL_DESCRIBE, HOUR, 2 * HOUR);
	fetches = (double)(fleet_sum(&fleet, CALL_BATCH, HOUR, 2 * HOUR) + fleet_sum(&fleet, CALL_GET, HOUR, 2 * HOUR));
	printf("| %zu | %s | %.1f | %" PRIu64 " | %.2f %% | %.1f | %.2f |\n", hosts, name, describes / 3600,
	       fleet_peak(&fleet, CALL_DESCRIBE, HOUR, 2 * HOUR, 1), describes / 36 / fleet_quotas[CALL_DESCRIBE], fetches / 60,
	       (describes + fetches) * 24 * 30 * CALLS_PRICE / 10000 + queues * (double)hosts);
	fleet_clear(&fleet);
}

static void quiet(void)
{
	printf("<!-- fleet: quiet -->\n"
	       "| hosts | interval | DescribeSecret/s, mean | most in 1 s | of the quota | fetches/min | US$ a month |\n"
	       "|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		quiet_row(sizes[i], MINUTE, "1m", 0);
		quiet_row(sizes[i], 5 * MINUTE, "5m", 0);
		quiet_row(sizes[i], HOUR, "1h, with a queue", QUEUE_PRICE);
	}
}

static void outage_row(size_t hosts, int64_t length_ms, const char *name)
{
	struct plan plan = { .hosts = hosts,
			     .seed = seed,
			     .end_ms = 30 * MINUTE + length_ms + HOUR,
			     .interval_ms = 5 * MINUTE,
			     .keys_ms = HOUR,
			     .outage_begin_ms = 30 * MINUTE,
			     .outage_end_ms = 30 * MINUTE + length_ms };
	double during, after, mean = mean_of(&plan);
	struct fleet fleet;

	fleet_run(&fleet, &plan);
	during = ratio_of(&fleet, CALL_ROUND, plan.outage_begin_ms, plan.outage_end_ms, 10, mean);
	after = ratio_of(&fleet, CALL_ROUND, plan.outage_end_ms, plan.end_ms, 10, mean);
	printf("| %zu | %s | %.2f%s | %.2f%s | %" PRIu64 " |\n", hosts, name, during, judge(during, poll_limit(hosts)), after,
	       judge(after, poll_limit(hosts)), fleet_peak(&fleet, CALL_STS, plan.outage_end_ms, plan.end_ms, 60));
	fleet_clear(&fleet);
}

static void outages(void)
{
	printf("\n<!-- fleet: outage -->\n"
	       "| hosts | outage | rounds, 10 s: peak/mean during it | after it | STS calls, most in 60 s after it |\n"
	       "|---|---|---|---|---|\n");
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		outage_row(sizes[i], MINUTE, "1m");
		outage_row(sizes[i], 10 * MINUTE, "10m");
		outage_row(sizes[i], HOUR, "1h");
		outage_row(sizes[i], 6 * HOUR, "6h");
	}
}

static void boot_row(size_t hosts, int64_t outage_ms, const char *name)
{
	struct plan plan = { .hosts = hosts,
			     .seed = seed,
			     .end_ms = 2 * HOUR,
			     .interval_ms = 5 * MINUTE,
			     .is_boot = true,
			     .keys_ms = HOUR,
			     .outage_end_ms = outage_ms };
	double mean = mean_of(&plan), first, after;
	struct fleet fleet;

	fleet_run(&fleet, &plan);
	missed += fleet.satisfied < hosts;
	first = ratio_of(&fleet, CALL_ROUND, 0, 10 * MINUTE, 10, mean);
	after = ratio_of(&fleet, CALL_ROUND, outage_ms + 10 * MINUTE, plan.end_ms, 10, mean);
	printf("| %zu | %s | %" PRIu64 " | %.1f | %.1f | %" PRIu64 " | %.1f | %.1f | %.2f%s |\n", hosts, name,
	       fleet_peak(&fleet, CALL_GET, 0, plan.end_ms, 1), (double)hosts * SECRETS / fleet_quotas[CALL_GET],
	       (double)(fleet.satisfied_ms - outage_ms) / 1000, (uint64_t)fleet.throttled, first,
	       ratio_of(&fleet, CALL_ROUND, outage_ms, plan.end_ms, 10, mean), after, judge(after, poll_limit(hosts)));
	fleet_clear(&fleet);
}

static void boots(void)
{
	printf("\n<!-- fleet: boot -->\n"
	       "| hosts | into an outage of | GetSecretValue, most in 1 s | the quota needs, s | all live, s after the start or the outage | rounds throttled | "
	       "rounds, 10 s: peak/mean at first | from the outage's end | ten minutes later |\n"
	       "|---|---|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		boot_row(sizes[i], 0, "-");
		boot_row(sizes[i], MINUTE, "1m");
		boot_row(sizes[i], HOUR, "1h");
	}
}

static void moved_row(size_t hosts, int64_t splay_ms, const char *name)
{
	struct plan plan = { .hosts = hosts,
			     .seed = seed,
			     .end_ms = 30 * MINUTE,
			     .interval_ms = splay_ms ? HOUR : 5 * MINUTE,
			     .moved_ms = 10 * MINUTE,
			     .splay_ms = splay_ms };
	struct fleet fleet;

	fleet_run(&fleet, &plan);
	missed += fleet.satisfied < hosts;
	printf("| %zu | %s | %" PRIu64 " | %" PRIu64 " | %.1f | %" PRIu64 " | %.1f | %.1f |\n", hosts, name,
	       fleet_peak(&fleet, CALL_DESCRIBE, plan.moved_ms, plan.end_ms, 1),
	       fleet_peak(&fleet, CALL_GET, plan.moved_ms, plan.end_ms, 1), (double)hosts / fleet_quotas[CALL_GET],
	       (uint64_t)fleet.throttled, ((double)fleet.satisfied_sum_ms / (double)hosts - (double)plan.moved_ms) / 1000,
	       (double)(fleet.satisfied_ms - plan.moved_ms) / 1000);
	fleet_clear(&fleet);
}

static void moved(void)
{
	printf("\n<!-- fleet: moved -->\n"
	       "| hosts | told by | DescribeSecret, most in 1 s | GetSecretValue, most in 1 s | the quota needs, s | rounds throttled | "
	       "s until a host has it, mean | the last |\n"
	       "|---|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		moved_row(sizes[i], 0, "polling, 5m");
		moved_row(sizes[i], 2000, "a queue, splay 2s");
		moved_row(sizes[i], 15000, "a queue, splay 15s");
	}
}

/* All hosts have got their keys in the same second, which is left out: that is the boot. The longest row has a day's end in it. */
static void keys_row(size_t hosts, int64_t keys_ms, const char *name)
{
	struct plan plan = { .hosts = hosts,
			     .seed = seed,
			     .end_ms = 4 * keys_ms + 2 * HOUR,
			     .interval_ms = 5 * MINUTE,
			     .is_boot = true,
			     .keys_ms = keys_ms };
	int64_t begin_ms = 5 * MINUTE + 1000;
	double mean, ratio;
	struct fleet fleet;

	fleet_run(&fleet, &plan);
	mean = (double)fleet_sum(&fleet, CALL_STS, begin_ms, plan.end_ms) * 1000 / (double)(plan.end_ms - begin_ms);
	ratio = ratio_of(&fleet, CALL_STS, begin_ms, plan.end_ms, 60, mean);
	printf("| %zu | %s | %.1f | %" PRIu64 " | %.2f%s |\n", hosts, name, mean * 60,
	       fleet_peak(&fleet, CALL_STS, begin_ms, plan.end_ms, 60), ratio, judge(ratio, keys_limit(hosts)));
	fleet_clear(&fleet);
}

static void keys(void)
{
	printf("\n<!-- fleet: keys -->\n"
	       "| hosts | keys are good for | STS calls a minute, mean | most in 60 s | peak/mean |\n"
	       "|---|---|---|---|---|\n");
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		keys_row(sizes[i], 15 * MINUTE, "15m");
		keys_row(sizes[i], HOUR, "1h");
		keys_row(sizes[i], 6 * HOUR, "6h");
	}
}

static void prefix_row(size_t hosts)
{
	struct plan plan = { .hosts = hosts, .seed = seed, .end_ms = HOUR, .interval_ms = 5 * MINUTE, .is_prefix = true };
	struct fleet fleet;
	double calls, rounds;

	fleet_run(&fleet, &plan);
	calls = (double)fleet_sum(&fleet, CALL_LIST, 0, HOUR);
	rounds = (double)fleet_sum(&fleet, CALL_ROUND, 0, HOUR);
	printf("| %zu | %.1f | %.1f %% | %.1f %% |\n", hosts, calls / 3600, calls / 36 / fleet_quotas[CALL_LIST],
	       fleet.throttled * 100 / rounds);
	fleet_clear(&fleet);
}

static void prefixes(void)
{
	static const size_t prefix_sizes[] = { 10, 1000, 10000, 20000, 30000, 100000 };

	printf("\n<!-- fleet: prefix -->\n"
	       "| hosts | ListSecrets/s | of the quota | rounds throttled |\n"
	       "|---|---|---|---|\n");
	for (size_t i = 0; i < LENGTH(prefix_sizes); i++)
		prefix_row(prefix_sizes[i]);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	quiet();
	outages();
	boots();
	moved();
	keys();
	prefixes();
	return missed > 0;
}
