// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/shape.h"

#include <linux/pkt_sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct shape_object *find(const struct shape_plan *p, enum shape_what what,
				       int ifindex, uint32_t handle)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->objects[i].what == what && p->objects[i].ifindex == ifindex &&
		    p->objects[i].handle == handle)
			return &p->objects[i];
	return NULL;
}

static void leaves_alone_what_nobody_knows(void **state)
{
	(void)state;
	struct shape_plan p;
	shape_make(&(struct shape_wish){ .ifindex = 3 }, &p);
	assert_int_equal(p.count, 0);
	shape_make(&(struct shape_wish){ .up_kbps = 1000 }, &p);
	assert_int_equal(p.count, 0);
	shape_make(&(struct shape_wish){ .ifindex = 3, .down_kbps = 1000 }, &p);
	assert_int_equal(p.count, 0);
}

static void gives_each_class_its_share(void **state)
{
	(void)state;
	static const uint32_t rates[] = { 8, 64, 256, 1000, 20000, 1000000 };
	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		struct shape_plan p;
		shape_make(&(struct shape_wish){ .ifindex = 3,
						 .up_kbps = rates[i],
						 .leaf = SHAPE_PFIFO },
			   &p);
		const uint64_t all = (uint64_t)rates[i] * 125;
		uint64_t sum = 0;
		assert_int_equal(p.count, 2 + 2 * SHAPE_CLASSES);
		assert_int_equal(find(&p, SHAPE_IS_HTB_CLASS, 3, SHAPE_ROOT | 1)->ceil, all);
		for (unsigned c = 0; c < SHAPE_CLASSES; c++) {
			const struct shape_object *class =
				find(&p, SHAPE_IS_HTB_CLASS, 3, shape_handle((enum shape_class)c));
			assert_non_null(class);
			assert_int_equal(class->ceil, all > 1000 ? all : 1000);
			assert_int_equal(class->prio, c);
			/* A whole packet fits, or the class would never send one. */
			assert_true(class->burst >= 1514);
			sum += class->rate;
		}
		if (rates[i] >= 256)
			assert_in_range(sum, all - SHAPE_CLASSES, all);
	}
}

/* A plain queue is short: with whatever stands in it, nobody waits for longer. */
static void keeps_plain_queues_short(void **state)
{
	(void)state;
	static const struct {
		uint32_t down_kbps, limit;
	} rows[] = {
		{ 256, 4 }, { 1000, 4 }, { 4000, 5 }, { 20000, 29 }, { 10000000, 1000 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct shape_plan p;
		shape_make(&(struct shape_wish){ .ifindex = 3,
						 .ifb_ifindex = 9,
						 .down_kbps = rows[i].down_kbps,
						 .leaf = SHAPE_PFIFO },
			   &p);
		const struct shape_object *leaf =
			find(&p, SHAPE_IS_PFIFO, 9, (SHAPE_MAJOR + 1) << 16);
		assert_non_null(leaf);
		assert_int_equal(leaf->limit, rows[i].limit);
	}
}

/* Where rules lead what comes in, it has the classes of what leaves, at nine tenths of the line, and no filter; a cake wants no rules. */
static void tells_apart_what_comes_in(void **state)
{
	(void)state;
	for (unsigned leaf = 0; leaf < SHAPE_LEAVES; leaf++) {
		const struct shape_wish wish = { .ifindex = 3,
						 .ifb_ifindex = 9,
						 .down_kbps = 4000,
						 .leaf = (enum shape_leaf)leaf,
						 .lead = SHAPE_LEAD_RULES };
		struct shape_plan p;
		shape_make(&wish, &p);
		assert_int_equal(shape_by_rules(&wish), leaf != SHAPE_CAKE);
		assert_int_equal(find(&p, SHAPE_IS_MIRROR, 3, (uint32_t)SHAPE_FILTER) != NULL,
				 leaf == SHAPE_CAKE);
		if (leaf == SHAPE_CAKE)
			continue;
		assert_int_equal(p.count, 2 + 2 * SHAPE_CLASSES);
		for (size_t i = 0; i < p.count; i++)
			assert_int_equal(p.objects[i].ifindex, 9);
		assert_int_equal(find(&p, SHAPE_IS_HTB_CLASS, 9, SHAPE_ROOT | 1)->rate,
				 4000 * 125 * SHAPE_DOWN_PERCENT / 100);
		for (unsigned c = 0; c < SHAPE_CLASSES; c++) {
			const struct shape_object *class =
				find(&p, SHAPE_IS_HTB_CLASS, 9, shape_handle((enum shape_class)c));
			assert_non_null(class);
			assert_int_equal(class->prio, c);
			/* What nobody waits for leaves some of the line free: 405 of 500 kB/s. */
			assert_int_equal(class->ceil, c < SHAPE_SYNC ? 450000 : 405000);
		}
	}
}

/* Nothing is led where nothing waits. */
static void leads_nowhere_without_a_queue(void **state)
{
	(void)state;
	static const struct shape_wish rows[] = {
		{ .ifindex = 3, .down_kbps = 4000 },
		{ .ifindex = 3, .ifb_ifindex = 9 },
		{ .ifb_ifindex = 9, .down_kbps = 4000 },
		{ .ifindex = 3, .ifb_ifindex = 9, .down_kbps = 4000, .lead = SHAPE_LEAD_MIRROR },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct shape_wish wish = rows[i];
		wish.leaf = SHAPE_PFIFO;
		if (i < ARRAY_LEN(rows) - 1)
			wish.lead = SHAPE_LEAD_RULES;
		assert_false(shape_by_rules(&wish));
	}
}

/* Parents are there before their children, and what arrives is led away when all is ready for it. */
static void plans_in_order(void **state)
{
	(void)state;
	for (unsigned leaf = 0; leaf < 2 * SHAPE_LEAVES; leaf++) {
		struct shape_plan p;
		shape_make(&(struct shape_wish){ .ifindex = 3,
						 .ifb_ifindex = 9,
						 .up_kbps = 800,
						 .down_kbps = 4000,
						 .leaf = (enum shape_leaf)(leaf % SHAPE_LEAVES),
						 .lead = leaf < SHAPE_LEAVES ? SHAPE_LEAD_MIRROR
									     : SHAPE_LEAD_RULES },
			   &p);
		assert_true(p.count <= SHAPE_OBJECTS);
		for (size_t i = 0; i < p.count; i++) {
			const struct shape_object *o = &p.objects[i];
			bool known = o->parent == TC_H_ROOT || o->parent == TC_H_INGRESS;
			for (size_t k = 0; k < i; k++) {
				known |= p.objects[k].handle == o->parent &&
					 p.objects[k].ifindex == o->ifindex;
				assert_false(p.objects[k].handle == o->handle &&
					     p.objects[k].ifindex == o->ifindex);
			}
			assert_true(known);
		}
		const struct shape_object *last = &p.objects[p.count - 1];
		const bool by_rules = leaf > SHAPE_LEAVES; /* a cake never */
		assert_int_equal(last->what == SHAPE_IS_MIRROR, !by_rules);
		assert_int_equal(last->to_ifindex, by_rules ? 0 : 9);
		const struct shape_object *cake = find(&p, SHAPE_IS_CAKE, 9, SHAPE_ROOT);
		assert_int_equal(cake != NULL, leaf % SHAPE_LEAVES == SHAPE_CAKE);
		if (cake)
			assert_int_equal(cake->rate, 4000 * 125 * SHAPE_DOWN_PERCENT / 100);
	}
}

static void knows_its_own(void **state)
{
	(void)state;
	assert_true(shape_is_ours(SHAPE_ROOT));
	assert_true(shape_is_ours(shape_handle(SHAPE_FIRMWARE)));
	assert_true(shape_is_ours((SHAPE_MAJOR + SHAPE_CLASSES) << 16));
	assert_false(shape_is_ours(0));
	assert_false(shape_is_ours(0x80010000)); /* what the kernel names itself */
	assert_false(shape_is_ours(0x10000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_alone_what_nobody_knows),
		cmocka_unit_test(gives_each_class_its_share),
		cmocka_unit_test(keeps_plain_queues_short),
		cmocka_unit_test(tells_apart_what_comes_in),
		cmocka_unit_test(leads_nowhere_without_a_queue),
		cmocka_unit_test(plans_in_order),
		cmocka_unit_test(knows_its_own),
	};
	return cmocka_run_group_tests_name("netmgr/shape", tests, NULL, NULL);
}
