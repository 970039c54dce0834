// SPDX-License-Identifier: GPL-2.0
/*
 * What is in use of the calls: as much as pio_hcall= says and the host offers.
 *
 * pio_hcall= may be written at any time, as a parameter of the module or, built in, in
 * /sys/module/pio_hypercall/parameters.  Who makes lists stops then, goes on natively, and
 * begins anew with what there is: no request changes its way while it is under way.
 *
 * A host that does not answer is asked again, now and then, by a PROBE.
 */
#define pr_fmt(fmt) "pio_hcall: " fmt

#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pio_hypercall.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include "list_device.h"
#include "transport.h"

u32 pio_hcall_features __read_mostly;
EXPORT_SYMBOL_GPL(pio_hcall_features);

/* What can be left out of "on": nostring, nommio, nobatch, noposted. */
#define OPT_POSTED	BIT(31)		/* no feature of the host's */

static const struct {
	const char *name;
	u32 feature;
} parts[] = {
	{ "nostring", PIO_HCALL_F_STRING },
	{ "nommio", PIO_HCALL_F_MMIO },
	{ "nobatch", PIO_HCALL_F_BATCH },
	{ "noposted", OPT_POSTED },
};

#define KNOWN	"known are off and on[,nostring][,nommio][,nobatch][,noposted]"

/* pio_hcall=.  Who loads the module wants calls. */
struct words {
	bool on;
	u32 without;
};

static DEFINE_MUTEX(lock);	/* what follows */
static struct words words = { .on = __is_defined(MODULE) };
static const struct pio_hcall_user *user;
static bool ready;

/* When a host that does not answer is asked: more and more seldom. */
#define ASK_MIN		(1UL * HZ)
#define ASK_MAX		(64UL * HZ)

static unsigned long interval = ASK_MIN;
static unsigned long answered;	/* last, in jiffies */

static void ask_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(asking, ask_work);

static bool is_word(const char *p, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(p, word, len);
}

/* The first word is "on" or "off", the others say what is left out. */
static bool parse_word(const char *p, size_t len, bool first, struct words *new)
{
	unsigned int i;

	if (first) {
		new->on = is_word(p, len, "on");
		return new->on || is_word(p, len, "off");
	}
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		if (is_word(p, len, parts[i].name)) {
			new->without |= parts[i].feature;
			return true;
		}
	}
	return false;
}

/*
 * All of it, or nothing.  But on the command line, which other kernels read as well, a word
 * that is unknown behind "on" is passed over.
 */
static bool parse(const char *val, bool command_line, struct words *new)
{
	int all = strcspn(val, "\n");
	const char *p = val;
	size_t len;

	*new = (struct words) { };
	for (;; p += len + 1) {
		bool first = p == val;

		len = strcspn(p, ",\n");
		if (!parse_word(p, len, first, new)) {
			if (!command_line || first) {
				pr_err("%sunknown word \"%.*s\" in pio_hcall=\"%.*s\", " KNOWN "\n",
				       command_line ? "off: " : "", (int)len, p, all, val);
				return false;
			}
			pr_warn("unknown word \"%.*s\" in pio_hcall=\"%.*s\" ignored, " KNOWN "\n",
				(int)len, p, all, val);
		}
		if (p[len] != ',')
			return true;
	}
}

/**
 * pio_hcall_boot_words() - take pio_hcall= from the command line
 * @val: its value
 *
 * Context: before pio_hcall_begin().
 * Return: false if it is none; a message says so.
 */
bool __init pio_hcall_boot_words(const char *val)
{
	struct words new;

	if (!parse(val, true, &new))
		return false;
	words = new;
	return true;
}

/**
 * pio_hcall_decide() - ask the host, if calls are wanted, and use what it offers
 * @version: its ABI version, if there are calls
 *
 * Context: nobody makes lists.
 * Return: NULL, or the reason why there are no calls.
 */
const char *pio_hcall_decide(u32 *version)
{
	const char *why = "as pio_hcall= says";
	struct pio_hcall_host host;

	pio_hcall_unanswered = false;
	if (words.on)
		why = pio_hcall_probe(&host);
	/* What the module does, it does by lists. */
	if (!why && __is_defined(MODULE) && !(host.features & PIO_HCALL_F_BATCH))
		why = "the host offers no lists";
	*version = why ? 0 : host.version;
	pio_hcall_features = why ? 0 : host.features & ~words.without;
	pio_posted_set(pio_hcall_features & PIO_HCALL_F_BATCH && !(words.without & OPT_POSTED));
	answered = jiffies;
	interval = ASK_MIN;
	pio_hcall_set_gone(why);
	return why;
}

/**
 * pio_hcall_say() - log what pio_hcall_decide() has come to
 * @why: what it has returned
 * @version: what it has set
 *
 * Context: any.
 */
void pio_hcall_say(const char *why, u32 version)
{
	u32 features = pio_hcall_features;

	if (why && !words.on)
		pr_info("off: %s\n", why);
	else if (why)
		pr_warn("off: %s\n", why);
	else if (__is_defined(MODULE))
		pr_info("on: ABI %u, features 0x%x (%s controllers)\n", version, features,
			!(features & PIO_HCALL_F_BATCH) ? "no" :
			features & PIO_HCALL_F_MMIO ? "IDE and AHCI" : "IDE");
	else
		pr_info("on: ABI %u, features 0x%x (port I/O%s%s%s%s)\n", version, features,
			features & PIO_HCALL_F_STRING ? ", strings" : "",
			features & PIO_HCALL_F_MMIO ? ", MMIO" : "",
			features & PIO_HCALL_F_BATCH ? ", lists" : "",
			pio_posted_enabled ? ", posted writes" : "");
}

/* If there is no handler on the host. */
static bool list_instead(void)
{
	return !(words.without & (PIO_HCALL_F_BATCH | PIO_HCALL_F_MMIO)) && pio_list_instead();
}

/* False if calls are wanted, and there will be no lists. */
static bool decide(void)
{
	const char *why;
	u32 version;

	why = pio_hcall_decide(&version);
	if (why && list_instead())
		return true;
	pio_hcall_say(why, version);
	return !why || !words.on;
}

static void ask_later(void)
{
	/* Not while devices are suspended. */
	queue_delayed_work(system_freezable_wq, &asking, interval);
}

/* Under @lock: with what there is now. */
static void change(void)
{
	if (user)
		user->stop();
	decide();
	if (user)
		user->start();
	if (pio_hcall_unanswered)
		ask_later();
}

/* Under @lock. */
static void ask(void)
{
	struct pio_hcall_host host;

	if (!ready || !words.on || !pio_hcall_gone())
		return;
	if (pio_hcall_probe(&host)) {
		interval = min(2 * interval, ASK_MAX);
		if (pio_hcall_unanswered)
			ask_later();
		return;
	}
	if ((host.features & ~words.without) != pio_hcall_features) {
		change();
		return;
	}
	answered = jiffies;
	pio_hcall_set_gone(false);
	pr_info("on: the host answers again\n");
	/* For controllers that came meanwhile. */
	if (user)
		user->start();
}

static void ask_work(struct work_struct *work)
{
	mutex_lock(&lock);
	ask();
	mutex_unlock(&lock);
}

/**
 * pio_hcall_lost() - the host has stopped answering
 *
 * Context: any but NMI.
 */
void pio_hcall_lost(void)
{
	/* One that comes and goes is asked more seldom each time. */
	if (time_after(jiffies, answered + interval))
		interval = ASK_MIN;
	else
		interval = min(2 * interval, ASK_MAX);
	if (READ_ONCE(ready))
		ask_later();
}

static int set_words(const char *val, const struct kernel_param *kp)
{
	struct words new;

	/* Built in, the command line has been read by pio_hcall_init(). */
	if (!__is_defined(MODULE) && !ready)
		return 0;
	if (!parse(val, false, &new))
		return -EINVAL;
	mutex_lock(&lock);
	if (ready && new.on == words.on && new.without == words.without) {
		ask();
	} else {
		words = new;
		if (ready)
			change();
	}
	mutex_unlock(&lock);
	return 0;
}

static int get_words(char *buffer, const struct kernel_param *kp)
{
	unsigned int i;
	int len;

	mutex_lock(&lock);
	len = sysfs_emit(buffer, words.on ? "on" : "off");
	for (i = 0; i < ARRAY_SIZE(parts) && words.on; i++) {
		if (words.without & parts[i].feature)
			len += sysfs_emit_at(buffer, len, ",%s", parts[i].name);
	}
	mutex_unlock(&lock);
	return len + sysfs_emit_at(buffer, len, "\n");
}

static const struct kernel_param_ops words_ops = {
	.set = set_words,
	.get = get_words,
};

#ifndef MODULE
#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "pio_hypercall."
#endif
module_param_cb(pio_hcall, &words_ops, NULL, 0644);
MODULE_PARM_DESC(pio_hcall, "off or on[,nostring][,nommio][,nobatch][,noposted]; may be written at any time");

/**
 * pio_hcall_begin() - from now on pio_hcall= may be written, and the host may come back
 *
 * Context: may sleep; PCI devices are known.
 * Return: 0, or -ENODEV if a module is of no use.
 */
int pio_hcall_begin(void)
{
	int err = 0;

	mutex_lock(&lock);
	if (__is_defined(MODULE))
		err = decide() ? 0 : -ENODEV;
	else if (pio_hcall_unanswered)
		list_instead();
	if (!err) {
		WRITE_ONCE(ready, true);
		/* There was nobody to tell. */
		if (pio_hcall_unanswered || (pio_hcall_features && pio_hcall_gone()))
			ask_later();
	}
	mutex_unlock(&lock);
	return err;
}

/**
 * pio_hcall_end() - undo pio_hcall_begin()
 *
 * Context: may sleep; no calls are made any more.
 */
void pio_hcall_end(void)
{
	mutex_lock(&lock);
	ready = false;
	mutex_unlock(&lock);
	cancel_delayed_work_sync(&asking);
}

/**
 * pio_hcall_use() - make lists from now on, as far as there are any
 * @new: whose functions are called now, and whenever what is in use changes
 *
 * Context: may sleep.
 * Return: what @new's start() returns.
 */
int pio_hcall_use(const struct pio_hcall_user *new)
{
	int err;

	mutex_lock(&lock);
	err = new->start();
	if (!err)
		user = new;
	mutex_unlock(&lock);
	return err;
}
EXPORT_SYMBOL_GPL(pio_hcall_use);

/**
 * pio_hcall_unuse() - undo pio_hcall_use()
 *
 * Context: may sleep.
 */
void pio_hcall_unuse(void)
{
	mutex_lock(&lock);
	user->stop();
	user = NULL;
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(pio_hcall_unuse);
