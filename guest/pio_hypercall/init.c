// SPDX-License-Identifier: GPL-2.0
/*
 * pio_hcall= on the command line.
 */
#define pr_fmt(fmt) "pio_hcall: " fmt

#include <linux/init.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <asm/hypervisor.h>
#include <asm/pio_hypercall.h>
#include "transport.h"

/* pio_hcall= as given; NULL if it was not. */
static char *pio_hcall_arg __initdata;

static int __init parse_pio_hcall(char *arg)
{
	pio_hcall_arg = arg ?: "";
	return 0;
}
early_param("pio_hcall", parse_pio_hcall);

/* As the module's parameter. */
static int __init parse_parameter(char *arg)
{
	return parse_pio_hcall(arg);
}
early_param("pio_hypercall.pio_hcall", parse_parameter);

/**
 * pio_hcall_init() - make calls if asked to and if possible
 *
 * Says in one line what it did and why, if pio_hcall= is there.
 *
 * Context: kvm_init_platform(), one CPU, before alternatives are applied.
 */
void __init pio_hcall_init(void)
{
	const char *why;
	u32 version;

	if (!pio_hcall_arg || !pio_hcall_boot_words(pio_hcall_arg))
		return;
	why = pio_hcall_decide(&version);
	if (!why)
		pio_pv_init();
	pio_hcall_say(why, version);
}

static int __init early(void)
{
	if (pio_hcall_arg && strcmp(pio_hcall_arg, "off") && x86_hyper_type != X86_HYPER_KVM)
		pr_warn("off: not a KVM guest\n");
	pio_hcall_stats_early();
	return 0;
}
early_initcall(early);

static int __init stats_init(void)
{
	pio_hcall_stats_init();
	return 0;
}
core_initcall(stats_init);	/* before drivers */

static int __init begin(void)
{
	return pio_hcall_begin();
}
subsys_initcall_sync(begin);	/* PCI devices are known; before pio_ata_init() */
