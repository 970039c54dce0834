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
#include <linux/wait.h>
#include "ata.h"
#include "../transport.h"

static const struct pio_ata_driver * const drivers[] = {
	&pio_ata_bmdma,
	&pio_ata_ahci,
};

/* Controllers that stay the driver's, as the parameter has them. */
#define EXCLUDED_MAX	8

struct address {
	unsigned int domain, bus, slot, function;
};

/* Converted controllers, and whether more shall be. */
static LIST_HEAD(hosts);
static bool converting;
static struct address excluded[EXCLUDED_MAX];
static unsigned int n_excluded;
static DEFINE_MUTEX(hosts_lock);	/* all of these */

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

static bool is_excluded(struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; i < n_excluded; i++) {
		const struct address *a = &excluded[i];

		if (a->domain == pci_domain_nr(pdev->bus) && a->bus == pdev->bus->number &&
		    PCI_DEVFN(a->slot, a->function) == pdev->devfn)
			return true;
	}
	return false;
}

static void convert(struct pci_dev *pdev, const struct pio_ata_driver *driver)
{
	struct ata_host *host = pci_get_drvdata(pdev);
	struct pio_ata_host *ph;
	const char *why;
	unsigned int i;

	ph = kzalloc(struct_size(ph, ports, host->n_ports), GFP_KERNEL);
	if (!ph)
		return;
	ph->pdev = pdev;
	ph->host = host;
	ph->n_ports = host->n_ports;
	ph->driver = driver;
	atomic_inc(&n_hosts);
	if (devm_add_action_or_reset(&pdev->dev, free_host, ph))
		return;

	why = "as parameter exclude says";
	if (is_excluded(pdev))
		goto left_alone;
	find_handlers(ph);
	why = "its interrupts have threads (threadirqs, PREEMPT_RT)";
	if (ph->threaded)
		goto left_alone;
	why = "interrupts are not as expected";
	if (!ph->n_irqs)
		goto left_alone;
	why = driver->host_init ? driver->host_init(ph) : NULL;
	if (why)
		goto left_alone;
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
	list_add_tail(&ph->node, &hosts);
	pci_info(pdev, "pio_hcall: requests of %s by hypercall\n", driver->name);
	return;

swap_back:
	swap_back(ph, i);
host_exit:
	if (driver->host_exit)
		driver->host_exit(ph);
left_alone:
	pci_info(pdev, "pio_hcall: %s left alone: %s\n", driver->name, why);
	devm_release_action(&pdev->dev, free_host, ph);
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

/* Under the device's lock: the driver neither comes nor goes meanwhile. */
static void bind(struct pci_dev *pdev)
{
	struct pio_ata_host *ph;
	unsigned int i;

	mutex_lock(&hosts_lock);
	list_for_each_entry(ph, &hosts, node) {
		if (ph->pdev == pdev)
			goto out;
	}
	for (i = 0; i < ARRAY_SIZE(drivers) && converting; i++) {
		if (pdev->driver && !strcmp(pdev->driver->name, drivers[i]->name))
			convert(pdev, drivers[i]);
	}
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
	struct pio_ata_host *ph, *next;

	mutex_lock(&hosts_lock);
	list_for_each_entry_safe(ph, next, &hosts, node) {
		if (ph->pdev == pdev)
			revert(ph);
	}
	mutex_unlock(&hosts_lock);
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
static void give_back(struct pci_dev *pdev, struct list_head *done)
{
	struct pio_ata_host *ph, *next, *found = NULL;
	unsigned int i;

	device_lock(&pdev->dev);
	mutex_lock(&hosts_lock);
	list_for_each_entry_safe(ph, next, &hosts, node) {
		if (ph->pdev != pdev)
			continue;
		revert(ph);
		list_add(&ph->node, done);
		found = ph;
	}
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
		give_back(pdev, &done);
	/* Others look at the operations for a few instructions, at any time. */
	synchronize_rcu_tasks();
	list_for_each_entry_safe(ph, next, &done, node)
		free_host(ph);
}

/* All addresses, or none of them: what is in use stays as it is if one is wrong. */
static int set_exclude(const char *val, const struct kernel_param *kp)
{
	size_t end = strcspn(val, "\n");
	struct address new[EXCLUDED_MAX];
	unsigned int n = 0;
	const char *p = val;
	bool ready;

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

static struct dentry *controllers_file;

/**
 * pio_ata_init() - convert controllers, those that are there and those to come
 *
 * Context: may sleep.
 * Return: 0 or an error; it is none if the host offers no batches.
 */
int __init pio_ata_init(void)
{
	int err;

	if (!(pio_hcall_features & PIO_HCALL_F_BATCH))
		return 0;
	err = bus_register_notifier(&pci_bus_type, &bus_notifier);
	if (err)
		return err;
	controllers_file = debugfs_create_file("controllers", 0444,
					       pio_hcall_debugfs, NULL,
					       &controllers_fops);
	mutex_lock(&hosts_lock);
	converting = true;
	mutex_unlock(&hosts_lock);
	return bus_for_each_dev(&pci_bus_type, NULL, NULL, bind_locked);
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
	if (!(pio_hcall_features & PIO_HCALL_F_BATCH))
		return;
	mutex_lock(&hosts_lock);
	converting = false;
	mutex_unlock(&hosts_lock);
	give_back_some(true);
	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
	debugfs_remove(controllers_file);
	/* Of drivers that are going just now, or of who writes the parameter. */
	wait_event(hosts_gone, !atomic_read(&n_hosts));
	/* And the end of free_host() itself. */
	synchronize_rcu_tasks();
}
