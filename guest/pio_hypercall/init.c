// SPDX-License-Identifier: GPL-2.0
/*
 * pio_hcall= on the command line.
 */
#define pr_fmt(fmt) "pio_hcall: " fmt

#include <linux/export.h>
#include <linux/init.h>
#include <linux/pio_hypercall.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <asm/hypervisor.h>
#include <asm/pio_hypercall.h>
#include "list_device.h"
#include "transport.h"

/* pio_hcall= as given; NULL if it was not. */
static char *pio_hcall_arg __initdata;

static int __init parse_pio_hcall(char *arg)
{
	pio_hcall_arg = arg ?: "";
	return 0;
}
early_param("pio_hcall", parse_pio_hcall);

u32 pio_hcall_features __ro_after_init;
EXPORT_SYMBOL_GPL(pio_hcall_features);

/* What can be left out of "on": nostring, nommio, nobatch, noposted. */
#define OPT_POSTED	BIT(31)		/* no feature of the host's */

static const struct {
	const char *name;
	u32 feature;
} parts[] = {
	{ "string", PIO_HCALL_F_STRING },
	{ "mmio", PIO_HCALL_F_MMIO },
	{ "batch", PIO_HCALL_F_BATCH },
	{ "posted", OPT_POSTED },
};

/*
 * "on", and what is left out of it, behind commas.  False if any of it is unknown;
 * then nothing is switched on, as who wrote it meant something else.
 */
static bool __init parse_on(const char *arg, u32 *without)
{
	unsigned int i, len;

	if (strncmp(arg, "on", 2))
		return false;
	arg += 2;
	while (*arg) {
		if (strncmp(arg, ",no", 3))
			return false;
		arg += 3;
		len = strcspn(arg, ",");
		for (i = 0; i < ARRAY_SIZE(parts); i++) {
			if (strlen(parts[i].name) == len &&
			    !strncmp(arg, parts[i].name, len))
				break;
		}
		if (i == ARRAY_SIZE(parts))
			return false;
		*without |= parts[i].feature;
		arg += len;
	}
	return true;
}

/**
 * pio_hcall_init() - make calls if asked to and if possible
 *
 * Says in one line what it did and why, if pio_hcall= is there.
 *
 * Context: kvm_init_platform(), one CPU, before alternatives are applied.
 */
void __init pio_hcall_init(void)
{
	struct pio_hcall_host host;
	const char *why;
	u32 without = 0;

	if (!pio_hcall_arg)
		return;
	if (!strcmp(pio_hcall_arg, "off")) {
		pr_info("off: as the command line says\n");
		return;
	}
	if (!parse_on(pio_hcall_arg, &without)) {
		pr_err("off: unknown value pio_hcall=\"%s\", known are off and on[,nostring][,nommio][,nobatch][,noposted]\n",
		       pio_hcall_arg);
		return;
	}
	why = pio_hcall_probe(&host);
	if (why) {
		pr_warn("off: %s\n", why);
		if (without & (PIO_HCALL_F_BATCH | PIO_HCALL_F_MMIO))
			pio_hcall_unanswered = false;
		return;
	}
	pio_hcall_features = host.features & ~without;

	pio_pv_init(!(without & OPT_POSTED));
	pr_info("on: ABI %u, features 0x%x (port I/O%s%s%s%s)\n", host.version,
		pio_hcall_features,
		pio_hcall_features & PIO_HCALL_F_STRING ? ", strings" : "",
		pio_hcall_features & PIO_HCALL_F_MMIO ? ", MMIO" : "",
		pio_hcall_features & PIO_HCALL_F_BATCH ? ", batches" : "",
		pio_posted_enabled ? ", posted writes" : "");
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

static int __init list_instead(void)
{
	pio_list_instead();
	return 0;
}
subsys_initcall_sync(list_instead);	/* PCI devices are known; before pio_list_init() */
