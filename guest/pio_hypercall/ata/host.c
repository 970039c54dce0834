// SPDX-License-Identifier: GPL-2.0
/*
 * libata controllers, request by request: a driver's ports get a copy of its own
 * port operations in which a few are ours, and its interrupts a handler that asks
 * us first.  The driver stays in charge: it probes, resets, handles errors, and
 * whatever ours do not know goes to its own functions.
 *
 *	PCI driver bound,	convert(): operations and interrupt handler
 *	or found bound
 *	libata			qc_issue -> bmdma.c, ahci.c -> one call, or one list
 *				posted to the list device
 *	interrupt		interrupt() -> the same -> one call, or what a standing
 *				list has left -> libata
 *				or else the driver's own handler
 *	PCI driver to unbind,	revert()
 *	or we
 */
#define pr_fmt(fmt) "pio_hcall: " fmt

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/wait.h>
#include <asm/hypervisor.h>
#include "ata.h"
#include "../transport.h"

static const struct pio_ata_driver * const drivers[] = {
	&pio_ata_bmdma,
	&pio_ata_ahci,
};

/* Controllers that stay the driver's, as the parameter and their own switches have them. */
#define EXCLUDED_MAX	8

struct address {
	unsigned int domain, bus, slot, function;
};

/*
 * A controller that one of the drivers has been bound to, from then on until it is removed:
 * it has a switch in sysfs.  The switch does not go with the driver, as it takes the
 * device's lock, under which drivers go.
 */
struct controller {
	struct list_head node;
	struct pci_dev *pdev;
	const char *why;	/* it is native; if it is not in @hosts */
};

/* Converted controllers, and whether more shall be. */
static LIST_HEAD(hosts);
static bool converting;
static struct address excluded[EXCLUDED_MAX];
static unsigned int n_excluded;
static LIST_HEAD(controllers);
static DEFINE_MUTEX(hosts_lock);	/* all of these */

/* One change at a time of which controllers are converted; outside of devices' locks. */
static DEFINE_MUTEX(switching);

static const char no_lists[] = "no lists are in use, see parameter pio_hcall and the log";
static const char as_excluded[] = "as parameter exclude says";
static const char no_driver[] = "its driver is another one, or none";
static const char no_memory[] = "no memory";

static ssize_t pio_hypercall_show(struct device *dev, struct device_attribute *attr, char *buf);
static ssize_t pio_hypercall_store(struct device *dev, struct device_attribute *attr,
				   const char *buf, size_t count);
static DEVICE_ATTR_RW(pio_hypercall);

/* Those, and others whose memory is not free yet. */
static atomic_t n_hosts;
static DECLARE_WAIT_QUEUE_HEAD(hosts_gone);

/* A port that waits is looked at by the driver once in so many interrupts. */
#define WAITED_MAX	8

/* For somebody else to access the port; under its lock. */
static void settle(struct pio_ata_port *pp)
{
	pio_list_drain();
	if (pp->host->driver->settle)
		pp->host->driver->settle(pp);
}

/*
 * What a standing list has taken from the controller, the driver will not find there:
 * even while errors are handled it is ours to complete.
 */
static bool taken_already(struct pio_ata_port *pp)
{
	return pp->standing && !(pp->ap->pflags & ATA_PFLAG_FROZEN) &&
	       pio_standing_done(pp->standing);
}

/*
 * All ports, as an interrupt may be about several.  If one of them has what we do
 * not know, or none was served, it is the driver's: its handler looks at everything
 * again.  So it does now and then if a port waits while others are served: maybe for
 * an error, which we do not look for.
 */
static irqreturn_t interrupt(int irq, void *dev_id)
{
	struct pio_ata_host *ph = dev_id;
	unsigned long flags, busy = 0;
	unsigned int i, seen = 0;
	bool served, done;

	spin_lock_irqsave(&ph->host->lock, flags);
	for (i = 0; i < ph->n_ports; i++) {
		struct ata_port *ap = ph->ports[i].ap;

		if (!ap)
			continue;
		if (!pio_ata_quiet(ap) && !taken_already(&ph->ports[i]))
			seen |= PIO_ATA_DRIVER;
		else if (ap->qc_active)
			busy |= BIT(i);
	}
	if (busy)
		seen |= ph->driver->interrupt(ph, busy);
	served = seen & PIO_ATA_SERVED;
	if (!served || !(seen & PIO_ATA_WAITS)) {
		ph->waited = 0;
	} else if (++ph->waited == WAITED_MAX) {
		ph->waited = 0;
		seen |= PIO_ATA_DRIVER;
	}
	done = !(seen & PIO_ATA_DRIVER) && seen & (PIO_ATA_SERVED | PIO_ATA_SPURIOUS);
	for (i = 0; i < ph->n_ports && !done; i++) {
		if (ph->ports[i].ap)
			settle(&ph->ports[i]);
	}
	spin_unlock_irqrestore(&ph->host->lock, flags);

	if (done)
		return IRQ_RETVAL(served);
	for (i = 0; i < ph->n_irqs; i++) {
		if (ph->irqs[i] == irq)
			return ph->handler[i](irq, ph->host) |
			       IRQ_RETVAL(served);
	}
	return IRQ_RETVAL(served);
}

/* Note the driver's handler of @irq, if it has one with the host as its cookie. */
static void find_handler(struct pio_ata_host *ph, unsigned int irq)
{
	struct irq_desc *desc = irq_data_to_desc(irq_get_irq_data(irq));
	struct irqaction *action;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < ph->n_irqs; i++) {
		if (ph->irqs[i] == irq)
			return;
	}
	if (ph->n_irqs == PIO_ATA_IRQS)
		return;

	raw_spin_lock_irqsave(&desc->lock, flags);
	for (action = desc->action; action; action = action->next) {
		if (action->dev_id != ph->host)
			continue;
		/* The handler is not the driver's then, nor called under its rules. */
		if (action->thread_fn) {
			ph->threaded = true;
			break;
		}
		ph->irqs[i] = irq;
		ph->handler[i] = action->handler;
		ph->irq_flags[i] = action->flags;
		ph->irq_name[i] = action->name;
		ph->n_irqs++;
		break;
	}
	raw_spin_unlock_irqrestore(&desc->lock, flags);
}

static void find_handlers(struct pio_ata_host *ph)
{
	/* Legacy channels (ata_pci_sff_activate_host()), and the device's own. */
	const int irqs[] = { pci_irq_vector(ph->pdev, 0), 14, 15 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(irqs); i++) {
		if (irqs[i] > 0 && irq_get_irq_data(irqs[i]))
			find_handler(ph, irqs[i]);
	}
}

/*
 * From one handler to the other.  The new one first: the line stays up, no edge is
 * lost, and if it cannot be had there is still the old one.  Meanwhile both are
 * called, which does no harm.
 */
static int swap_handler(struct pio_ata_host *ph, unsigned int i, bool ours)
{
	struct device *dev = &ph->pdev->dev;
	int err;

	err = devm_request_irq(dev, ph->irqs[i],
			       ours ? interrupt : ph->handler[i],
			       ph->irq_flags[i], ph->irq_name[i],
			       ours ? ph : (void *)ph->host);
	if (!err)
		devm_free_irq(dev, ph->irqs[i], ours ? (void *)ph->host : ph);
	return err;
}

/*
 * The driver's own handlers of the first @n interrupts.  Ours must not stay behind,
 * so if there is no memory for the driver's, wait for some.
 */
static void swap_back(struct pio_ata_host *ph, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		while (swap_handler(ph, i, false)) {
			pci_err(ph->pdev, "pio_hcall: cannot give back interrupt %u yet\n",
				ph->irqs[i]);
			msleep(1000);
		}
	}
}

/* Error handling looks at registers, and changes them: posted lists come before it. */
static void freeze(struct ata_port *ap)
{
	struct pio_ata_port *pp = pio_ata_port(ap);

	settle(pp);
	pp->stock->freeze(ap);
}

/* The one operation that libata calls without the lock: it may be ours no more. */
static void error_handler(struct ata_port *ap)
{
	struct ata_port_operations *ops;
	unsigned long flags;

	spin_lock_irqsave(ap->lock, flags);
	ops = ap->ops;
	if (ops->error_handler == error_handler) {
		ops = pio_ata_port(ap)->stock;
		settle(pio_ata_port(ap));
	}
	spin_unlock_irqrestore(ap->lock, flags);
	ops->error_handler(ap);
}

static void set_ops(struct pio_ata_host *ph, bool ours)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < ph->n_ports; i++) {
		struct pio_ata_port *pp = &ph->ports[i];

		if (!pp->ap)
			continue;
		spin_lock_irqsave(pp->ap->lock, flags);
		/* Our handler has looked already, and the driver may have issued. */
		pp->idle_dev = -1;
		settle(pp);
		/* What the driver issues from now on was not, whatever its tag. */
		if (!ours)
			pp->posted = 0;
		pp->ap->ops = ours ? &pp->ops : pp->stock;
		spin_unlock_irqrestore(pp->ap->lock, flags);
	}
}

/*
 * By devres, after the driver's remove(): threads of libata's may read the ports'
 * operations without a lock, and have ended by then.
 */
static void free_host(void *data)
{
	struct pio_ata_host *ph = data;
	unsigned int i;

	for (i = 0; i < ph->n_ports; i++) {
		kfree(ph->ports[i].list);
		if (!ph->standing)
			pio_standing_close(ph->ports[i].standing);
		/* A standing list reads to there. */
		kfree(ph->ports[i].data);
	}
	pio_standing_close(ph->standing);
	kfree(ph);
	if (atomic_dec_and_test(&n_hosts))
		wake_up(&hosts_gone);
}

/* The ports of @ph that can be converted; how many. */
static unsigned int init_ports(struct pio_ata_host *ph)
{
	struct ata_host *host = ph->host;
	unsigned int i, n = 0;

	for (i = 0; i < ph->n_ports; i++) {
		struct pio_ata_port *pp = &ph->ports[i];

		if (ata_port_is_dummy(host->ports[i]))
			continue;
		pp->list = kcalloc(PIO_ATA_LIST, sizeof(*pp->list), GFP_KERNEL);
		if (!pp->list)
			continue;
		pp->host = ph;
		pp->ap = host->ports[i];
		pp->stock = pp->ap->ops;
		pp->ops = *pp->stock;
		if (pp->stock->freeze)
			pp->ops.freeze = freeze;
		if (pp->stock->error_handler)
			pp->ops.error_handler = error_handler;
		if (ph->driver->port_init(pp))
			n++;
		else
			pp->ap = NULL;
	}
	return n;
}

static bool is_at(struct pci_dev *pdev, const struct address *a)
{
	return a->domain == pci_domain_nr(pdev->bus) && a->bus == pdev->bus->number &&
	       PCI_DEVFN(a->slot, a->function) == pdev->devfn;
}

static bool is_excluded(struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; i < n_excluded; i++) {
		if (is_at(pdev, &excluded[i]))
			return true;
	}
	return false;
}

/* Returns NULL, or the reason why not. */
static const char *convert(struct pci_dev *pdev, const struct pio_ata_driver *driver)
{
	bool lists = pio_hcall_features & PIO_HCALL_F_BATCH;
	struct ata_host *host = pci_get_drvdata(pdev);
	struct pio_ata_host *ph;
	const char *why;
	unsigned int i;

	if (!lists && !driver->announces)
		return no_lists;
	ph = kzalloc(struct_size(ph, ports, host->n_ports), GFP_KERNEL);
	if (!ph)
		return no_memory;
	ph->pdev = pdev;
	ph->host = host;
	ph->n_ports = host->n_ports;
	ph->driver = driver;
	atomic_inc(&n_hosts);
	if (devm_add_action_or_reset(&pdev->dev, free_host, ph))
		return no_memory;

	why = as_excluded;
	if (is_excluded(pdev))
		goto left_alone;
	if (lists) {
		find_handlers(ph);
		why = "its interrupts have threads (threadirqs, PREEMPT_RT)";
		if (ph->threaded)
			goto left_alone;
		why = "interrupts are not as expected";
		if (!ph->n_irqs)
			goto left_alone;
	}
	why = driver->host_init ? driver->host_init(ph) : NULL;
	if (why)
		goto left_alone;
	/* The driver's own accesses are calls now: there is nothing of its to take over. */
	if (!lists) {
		ph->n_ports = 0;
		goto converted;
	}
	why = "no port that is as expected";
	if (!init_ports(ph))
		goto host_exit;

	/* Handler first: it serves what either side has issued. */
	why = "no interrupt";
	for (i = 0; i < ph->n_irqs; i++) {
		if (swap_handler(ph, i, true))
			goto swap_back;
	}
	if (driver->stand)
		driver->stand(ph);
	set_ops(ph, true);
converted:
	list_add_tail(&ph->node, &hosts);
	pci_info(pdev, "pio_hcall: %s of %s by hypercall\n", lists ? "requests" : "registers",
		 driver->name);
	return NULL;

swap_back:
	swap_back(ph, i);
host_exit:
	if (driver->host_exit)
		driver->host_exit(ph);
left_alone:
	devm_release_action(&pdev->dev, free_host, ph);
	return why;
}

/*
 * No more lists stand, and what they have taken is completed: the driver would not find it.
 */
static void end_standing(struct pio_ata_host *ph)
{
	struct pio_standing_result old;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&ph->host->lock, flags);
	for (i = 0; i < ph->n_ports; i++) {
		if (ph->ports[i].standing)
			pio_standing_stop(ph->ports[i].standing);
	}
	spin_unlock_irqrestore(&ph->host->lock, flags);
	/* As in an interrupt: the driver's handler takes the lock so. */
	local_irq_save(flags);
	for (i = 0; i < ph->n_irqs; i++)
		interrupt(ph->irqs[i], ph);
	local_irq_restore(flags);
	/* The rest came when nothing was under way: it says nothing of later commands. */
	spin_lock_irqsave(&ph->host->lock, flags);
	for (i = 0; i < ph->n_ports; i++) {
		while (ph->ports[i].standing && pio_standing_take(ph->ports[i].standing, &old))
			;
	}
	spin_unlock_irqrestore(&ph->host->lock, flags);
}

/* Everything as it was. */
static void revert(struct pio_ata_host *ph)
{
	list_del(&ph->node);
	end_standing(ph);
	set_ops(ph, false);
	swap_back(ph, ph->n_irqs);
	if (ph->driver->host_exit)
		ph->driver->host_exit(ph);
}

static struct pio_ata_host *find_host(struct pci_dev *pdev)
{
	struct pio_ata_host *ph;

	list_for_each_entry(ph, &hosts, node) {
		if (ph->pdev == pdev)
			return ph;
	}
	return NULL;
}

static struct controller *find_controller(struct pci_dev *pdev)
{
	struct controller *c;

	list_for_each_entry(c, &controllers, node) {
		if (c->pdev == pdev)
			return c;
	}
	return NULL;
}

/* One with a switch.  NULL if there is no memory for it, which is no reason not to convert. */
static struct controller *add_controller(struct pci_dev *pdev)
{
	struct controller *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (c && device_create_file(&pdev->dev, &dev_attr_pio_hypercall)) {
		kfree(c);
		c = NULL;
	}
	if (c) {
		c->pdev = pdev;
		list_add_tail(&c->node, &controllers);
	}
	return c;
}

/* Under the device's lock: the driver neither comes nor goes meanwhile. */
static void bind(struct pci_dev *pdev)
{
	const struct pio_ata_driver *driver = NULL;
	const char *why = no_lists;
	struct controller *c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (pdev->driver && !strcmp(pdev->driver->name, drivers[i]->name))
			driver = drivers[i];
	}
	if (!driver)
		return;
	mutex_lock(&hosts_lock);
	if (find_host(pdev))
		goto out;
	c = find_controller(pdev) ?: add_controller(pdev);
	if (converting)
		why = convert(pdev, driver);
	/* Who looks for more to do finds the same ones again. */
	if (why && why != no_lists && !(c && c->why == why))
		pci_info(pdev, "pio_hcall: %s left alone: %s\n", driver->name, why);
	if (c)
		c->why = why;
out:
	mutex_unlock(&hosts_lock);
}

static int bind_locked(struct device *dev, void *unused)
{
	/* Others' locks are none of ours. */
	if (to_pci_dev(dev)->class >> 16 != PCI_BASE_CLASS_STORAGE)
		return 0;
	device_lock(dev);
	bind(to_pci_dev(dev));
	device_unlock(dev);
	return 0;
}

/* Likewise. */
static void unbind(struct pci_dev *pdev)
{
	struct controller *c;
	struct pio_ata_host *ph;

	mutex_lock(&hosts_lock);
	ph = find_host(pdev);
	if (ph)
		revert(ph);
	c = find_controller(pdev);
	if (c)
		c->why = no_driver;
	mutex_unlock(&hosts_lock);
}

/* Its files go by themselves. */
static void forget(struct pci_dev *pdev)
{
	struct controller *c;

	mutex_lock(&hosts_lock);
	c = find_controller(pdev);
	if (c)
		list_del(&c->node);
	mutex_unlock(&hosts_lock);
	kfree(c);
}

static int bus_event(struct notifier_block *nb, unsigned long event, void *data)
{
	switch (event) {
	case BUS_NOTIFY_BOUND_DRIVER:
		bind(to_pci_dev(data));
		break;
	case BUS_NOTIFY_UNBIND_DRIVER:
		unbind(to_pci_dev(data));
		break;
	case BUS_NOTIFY_DEL_DEVICE:
		forget(to_pci_dev(data));
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block bus_notifier = {
	.notifier_call = bus_event,
};

static int controllers_show(struct seq_file *m, void *unused)
{
	struct pio_ata_host *ph;
	unsigned int i;

	mutex_lock(&hosts_lock);
	list_for_each_entry(ph, &hosts, node) {
		for (i = 0; i < ph->n_ports; i++) {
			struct pio_ata_port *pp = &ph->ports[i];

			if (!pp->ap)
				continue;
			seq_printf(m, "%s %s ata%u issued %lu completed %lu stopped %lu\n",
				   pci_name(ph->pdev), ph->driver->name,
				   pp->ap->print_id, pp->issued, pp->completed,
				   pp->stopped);
		}
	}
	mutex_unlock(&hosts_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(controllers);

/*
 * A converted controller with a reference on its device, of those that are excluded or of
 * @all; NULL if there is none.
 */
static struct pci_dev *next_to_go(bool all)
{
	struct pci_dev *pdev = NULL;
	struct pio_ata_host *ph;

	mutex_lock(&hosts_lock);
	list_for_each_entry(ph, &hosts, node) {
		if (all || is_excluded(ph->pdev)) {
			pdev = pci_dev_get(ph->pdev);
			break;
		}
	}
	mutex_unlock(&hosts_lock);
	return pdev;
}

/*
 * A port's own error handling holds on to the operations it began with, and sleeps:
 * wait for its end.  That which begins now takes the driver's.
 */
static void give_back(struct pci_dev *pdev, const char *why, struct list_head *done)
{
	struct pio_ata_host *found;
	struct controller *c;
	unsigned int i;

	device_lock(&pdev->dev);
	mutex_lock(&hosts_lock);
	found = find_host(pdev);
	c = find_controller(pdev);
	if (found) {
		revert(found);
		list_add(&found->node, done);
	}
	if (found && c)
		c->why = why;
	mutex_unlock(&hosts_lock);
	if (found) {
		for (i = 0; i < found->n_ports; i++) {
			if (found->ports[i].ap)
				ata_port_wait_eh(found->ports[i].ap);
		}
		devm_remove_action(&pdev->dev, free_host, found);
	}
	device_unlock(&pdev->dev);
	if (found)
		pci_info(pdev, "pio_hcall: given back\n");
	pci_dev_put(pdev);
}

/* Gives back those that are excluded, or @all. */
static void give_back_some(bool all)
{
	struct pio_ata_host *ph, *next;
	struct pci_dev *pdev;
	LIST_HEAD(done);

	while ((pdev = next_to_go(all)))
		give_back(pdev, all ? no_lists : as_excluded, &done);
	/* Others look at the operations for a few instructions, at any time. */
	synchronize_rcu_tasks();
	list_for_each_entry_safe(ph, next, &done, node)
		free_host(ph);
}

/* These from now on.  Under @switching. */
static int exclude(const struct address *new, unsigned int n)
{
	bool ready;

	mutex_lock(&hosts_lock);
	if (n == n_excluded && !memcmp(excluded, new, n * sizeof(*new))) {
		mutex_unlock(&hosts_lock);
		return 0;
	}
	memcpy(excluded, new, n * sizeof(*new));
	n_excluded = n;
	ready = converting;
	mutex_unlock(&hosts_lock);
	if (!ready)
		return 0;
	give_back_some(false);
	return bus_for_each_dev(&pci_bus_type, NULL, NULL, bind_locked);
}

/* All addresses, or none of them: what is in use stays as it is if one is wrong. */
static int set_exclude(const char *val, const struct kernel_param *kp)
{
	size_t end = strcspn(val, "\n");
	struct address new[EXCLUDED_MAX];
	unsigned int n = 0;
	const char *p = val;
	int err;

	while (p < val + end) {
		struct address *a = &new[n];
		int len = 0;

		if (n == EXCLUDED_MAX ||
		    sscanf(p, "%8x:%2x:%2x.%1x%n", &a->domain, &a->bus, &a->slot,
			   &a->function, &len) != 4 ||
		    a->slot > 0x1f || a->function > 7 ||
		    (p + len < val + end && p[len] != ','))
			goto refused;
		n++;
		p += len;
		if (*p == ',')
			p++;
	}
	if (val[end] && val[end + 1])
		goto refused;
	mutex_lock(&switching);
	err = exclude(new, n);
	mutex_unlock(&switching);
	return err;

refused:
	pr_err("exclude: at most %u PCI addresses as 0000:00:1f.2, commas between, not \"%.*s\"\n",
	       EXCLUDED_MAX, (int)end, val);
	return -EINVAL;
}

static int get_exclude(char *buffer, const struct kernel_param *kp)
{
	unsigned int i;
	int len = 0;

	mutex_lock(&hosts_lock);
	for (i = 0; i < n_excluded; i++) {
		const struct address *a = &excluded[i];

		len += sysfs_emit_at(buffer, len, "%s%04x:%02x:%02x.%x", i ? "," : "",
				     a->domain, a->bus, a->slot, a->function);
	}
	mutex_unlock(&hosts_lock);
	return len + sysfs_emit_at(buffer, len, "\n");
}

static const struct kernel_param_ops exclude_ops = {
	.set = set_exclude,
	.get = get_exclude,
};
module_param_cb(exclude, &exclude_ops, NULL, 0644);
MODULE_PARM_DESC(exclude, "PCI addresses of controllers that stay native, commas between; may be written at any time");

/* One controller's switch: exclude says the same. */
static ssize_t pio_hypercall_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	const char *why = no_driver;
	struct controller *c;
	struct pio_ata_host *ph;
	bool list = false;

	mutex_lock(&hosts_lock);
	ph = find_host(pdev);
	c = find_controller(pdev);
	if (ph)
		list = ph->n_ports;
	else if (c)
		why = c->why;
	mutex_unlock(&hosts_lock);
	if (!ph)
		return sysfs_emit(buf, "native: %s\n", why);
	if (pio_hcall_gone() && !READ_ONCE(pio_list_open))
		return sysfs_emit(buf, "native: the host has stopped answering\n");
	return sysfs_emit(buf, list ? "list\n" : "call\n");
}

static ssize_t pio_hypercall_store(struct device *dev, struct device_attribute *attr,
				   const char *buf, size_t count)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	struct address new[EXCLUDED_MAX + 1];
	bool native = sysfs_streq(buf, "native");
	unsigned int i, n = 0;
	int err = -ENOSPC;

	if (!native && !sysfs_streq(buf, "list")) {
		pci_err(pdev, "pio_hcall: write list or native here\n");
		return -EINVAL;
	}
	mutex_lock(&switching);
	/* They change under both locks. */
	for (i = 0; i < n_excluded; i++) {
		if (!is_at(pdev, &excluded[i]))
			new[n++] = excluded[i];
	}
	if (native)
		new[n++] = (struct address) {
			.domain = pci_domain_nr(pdev->bus),
			.bus = pdev->bus->number,
			.slot = PCI_SLOT(pdev->devfn),
			.function = PCI_FUNC(pdev->devfn),
		};
	if (n <= EXCLUDED_MAX)
		err = exclude(new, n);
	mutex_unlock(&switching);
	return err ?: count;
}

static struct dentry *controllers_file;

/* Controllers that are there, and those to come; such as are converted stay so. */
static int start(void)
{
	int err = pio_list_init();

	if (err)
		return err;
	mutex_lock(&switching);
	mutex_lock(&hosts_lock);
	converting = pio_hcall_features & (PIO_HCALL_F_BATCH | PIO_HCALL_F_MMIO);
	mutex_unlock(&hosts_lock);
	err = bus_for_each_dev(&pci_bus_type, NULL, NULL, bind_locked);
	mutex_unlock(&switching);
	return err;
}

/* All controllers are their drivers' again.  Waits for error handling to end. */
static void stop(void)
{
	mutex_lock(&switching);
	mutex_lock(&hosts_lock);
	converting = false;
	mutex_unlock(&hosts_lock);
	give_back_some(true);
	mutex_unlock(&switching);
	/* Of drivers that are going just now. */
	wait_event(hosts_gone, !atomic_read(&n_hosts));
	/* And the end of free_host() itself. */
	synchronize_rcu_tasks();
	pio_list_exit();
}

static const struct pio_hcall_user user = {
	.start = start,
	.stop = stop,
};

/* Nobody writes to a switch any more. */
static void remove_switches(void)
{
	struct controller *c, *next;

	/* Devices stay, so they have their directories. */
	pci_lock_rescan_remove();
	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
	list_for_each_entry_safe(c, next, &controllers, node) {
		device_remove_file(&c->pdev->dev, &dev_attr_pio_hypercall);
		mutex_lock(&hosts_lock);
		list_del(&c->node);
		mutex_unlock(&hosts_lock);
		kfree(c);
	}
	pci_unlock_rescan_remove();
}

/**
 * pio_ata_init() - convert controllers, those that are there and those to come
 *
 * Context: may sleep.
 * Return: 0 or an error; it is none if there are no lists to be made.
 */
int __init pio_ata_init(void)
{
	int err;

	if (x86_hyper_type != X86_HYPER_KVM)
		return 0;
	err = bus_register_notifier(&pci_bus_type, &bus_notifier);
	if (err)
		return err;
	controllers_file = debugfs_create_file("controllers", 0444,
					       pio_hcall_debugfs, NULL,
					       &controllers_fops);
	err = pio_hcall_use(&user);
	if (err) {
		remove_switches();
		debugfs_remove(controllers_file);
	}
	return err;
}

/**
 * pio_ata_exit() - give all controllers back to their drivers
 *
 * Whatever is under way on them goes on.
 *
 * Context: may sleep; waits for error handling to end.
 */
void __exit pio_ata_exit(void)
{
	if (x86_hyper_type != X86_HYPER_KVM)
		return;
	pio_hcall_unuse();
	remove_switches();
	debugfs_remove(controllers_file);
}
