// SPDX-License-Identifier: GPL-2.0
/*
 * The VMM's list device, where it has one: lists that nobody waits for, and lists
 * that are carried out when a controller interrupts.
 *
 *	pio_list_post()		a copy into queue 0, and its doorbell if the device is
 *				not looking: one crossing, no exit to the VMM
 *	pio_list_drain()	all of them done: before an access by any other way
 *	pio_standing_arm()	into the queue of an interrupt: the device carries it
 *				out before it raises that
 *	pio_standing_take()	the handler: what it has read, no crossing
 *
 * Without the device, or once it is gone, nothing is posted and nothing stands; callers
 * use pio_hcall_batch() then.  It works on a host without our handler, too: what would be
 * a call is native there.
 */
#define pr_fmt(fmt) "pio_hcall: " fmt

#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "list_device.h"
#include "transport.h"

/* Lists that may be under way: a command each.  When they are, callers call. */
#define POSTED		32
/* Standing lists of one interrupt: those that may come before its handler runs. */
#define STANDING	8
/* Of those that the device has, we use as many. */
#define QUEUES_MAX	32
/* How often to look in vain before asking the device whether it still works. */
#define SPINS		20000

/**
 * struct pio_standing - a queue of lists that stand for one interrupt
 * @nr:		its number on the device
 * @elements:	most elements of a list
 * @source:	PIO_LIST_SOURCE_*, and which one
 * @queue:	shared with the device
 * @lists:	memory for its lists, @elements each
 * @count:	how many elements each has
 * @note:	what each was armed with
 * @avail:	lists given to the device so far
 * @taken:	of them, those that pio_standing_take() has returned
 * @passed:	what the device's count of that name was when it was last looked at
 * @running:	started; the device may have stopped it since
 */
struct pio_standing {
	unsigned int nr;
	unsigned int elements;
	u32 source;
	struct pio_list_queue *queue;
	struct pio_hcall_access *lists;
	u8 count[STANDING];
	u64 note[STANDING];
	u32 avail;
	u32 taken;
	u32 passed;
	bool running;
};

/**
 * struct device_state - the list device; there is one at most
 * @registers:	protects registers and @standing; inside of @lock
 * @mmio:	its registers, NULL: there is none
 * @gpa:	guest-physical address of them
 * @n_queues:	how many it has
 * @features:	PIO_LIST_F_* of it
 * @standing:	queues in use, but for 0
 * @lock:	protects queue 0
 * @queue:	queue 0
 * @lists:	memory for its lists, PIO_LIST_POST_MAX elements each
 * @count:	how many they have
 * @avail:	lists posted so far
 */
static struct device_state {
	spinlock_t registers;	/* SELECT and behind it, @mmio, @standing */
	void __iomem *mmio;
	phys_addr_t gpa;
	unsigned int n_queues;
	u32 features;
	struct pio_standing *standing[QUEUES_MAX];
	spinlock_t lock;	/* what follows, and pio_list_open */
	struct pio_list_queue *queue;
	struct pio_hcall_access *lists;
	u8 count[POSTED];
	u32 avail;
} dev = {
	.registers = __SPIN_LOCK_UNLOCKED(dev.registers),
	.lock = __SPIN_LOCK_UNLOCKED(dev.lock),
};

/* Lists can be posted.  Changes under dev.lock; read under RCU, too. */
bool pio_list_open __read_mostly;
EXPORT_SYMBOL_GPL(pio_list_open);

static struct pio_hcall_access *posted_list(u32 n)
{
	return dev.lists + n % POSTED * PIO_LIST_POST_MAX;
}

/* Under dev.registers. */
static u32 queue_state(unsigned int nr)
{
	writel(nr, dev.mmio + PIO_LIST_SELECT);
	return readl(dev.mmio + PIO_LIST_STATE);
}

/* Likewise. */
static void stop_queue(unsigned int nr)
{
	writel(nr, dev.mmio + PIO_LIST_SELECT);
	writel(PIO_LIST_STOPPED, dev.mmio + PIO_LIST_STATE);
}

/* Likewise; from the beginning. */
static bool start_queue(unsigned int nr, struct pio_list_queue *queue, u32 size, u32 source)
{
	phys_addr_t gpa = virt_to_phys(queue);

	stop_queue(nr);
	memset(queue, 0, struct_size(queue, entry, size));
	writel(lower_32_bits(gpa), dev.mmio + PIO_LIST_ADDR_LOW);
	writel(upper_32_bits(gpa), dev.mmio + PIO_LIST_ADDR_HIGH);
	writel(size, dev.mmio + PIO_LIST_SIZE);
	writel(source, dev.mmio + PIO_LIST_SOURCE);
	writel(PIO_LIST_RUNNING, dev.mmio + PIO_LIST_STATE);
	return readl(dev.mmio + PIO_LIST_STATE) == PIO_LIST_RUNNING;
}

/*
 * Posted lists that the device will not carry out any more, because its queue has
 * stopped: by calls.  Under dev.lock.
 */
static void take_back(void)
{
	u32 n = READ_ONCE(dev.queue->used);

	WRITE_ONCE(pio_list_open, false);
	/* A stopped queue's number stays.  Whatever else it is, do nothing twice. */
	if (dev.avail - n > POSTED)
		n = dev.avail;
	for (; n != dev.avail; n++)
		__pio_hcall_batch(posted_list(n), dev.count[n % POSTED]);
}

/* There is room: a copy of the list, for the device to see.  Under dev.lock. */
static void put(const struct pio_hcall_access *list, unsigned int count)
{
	u32 n = dev.avail;
	struct pio_list_entry *entry = &dev.queue->entry[n % POSTED];

	memcpy(posted_list(n), list, count * sizeof(*list));
	/* It refuses what breaks the rules: none of ours does. */
	WARN_ON_ONCE(entry->status);
	entry->list = virt_to_phys(posted_list(n));
	entry->count = count;
	dev.count[n % POSTED] = count;
	dev.avail = n + 1;
	/* The list, and all that it is about (PRDs, command tables), first. */
	smp_store_release(&dev.queue->avail, n + 1);
}

static bool is_room(void)
{
	return pio_list_open && dev.avail - READ_ONCE(dev.queue->used) < POSTED;
}

/* Is the device done with @n lists, or will never be?  Under RCU, or dev.lock. */
static bool done_with(u32 n)
{
	return !READ_ONCE(pio_list_open) || (s32)(READ_ONCE(dev.queue->used) - n) >= 0;
}

/* It takes long.  Under dev.lock. */
static void look_after(void)
{
	spin_lock(&dev.registers);
	if (pio_list_open && queue_state(0) != PIO_LIST_RUNNING) {
		pr_err("the list device has stopped, requests are calls from now on\n");
		take_back();
	} else if (pio_list_open) {
		writel(1, dev.mmio + PIO_LIST_DOORBELL);
	}
	spin_unlock(&dev.registers);
}

/**
 * pio_list_post() - have the device carry out a list, and do not wait
 * @list:	WRITEs only, their values final; it is copied
 * @count:	its elements, at most PIO_LIST_POST_MAX
 * @order:	set to how many lists are done when this one is
 *
 * Context: any but NMI; interrupts may be off.
 * Return: false if the caller has to make a call instead.
 */
bool pio_list_post(const struct pio_hcall_access *list, unsigned int count, u32 *order)
{
	unsigned long flags;
	u32 n, wake;
	bool ring;

	if (!READ_ONCE(pio_list_open) || count > PIO_LIST_POST_MAX)
		return false;
	pio_posted_flush();
	spin_lock_irqsave(&dev.lock, flags);
	if (!is_room()) {
		spin_unlock_irqrestore(&dev.lock, flags);
		return false;
	}
	n = dev.avail;
	put(list, count);
	/* Pairs with the device's, between wake and its last look at avail. */
	smp_mb();
	wake = READ_ONCE(dev.queue->wake);
	ring = (s32)(n + 1 - wake) > 0 && (s32)(n - wake) <= 0;
	spin_unlock_irqrestore(&dev.lock, flags);

	*order = n + 1;
	if (ring) {
		rcu_read_lock();
		if (READ_ONCE(pio_list_open))
			pio_hcall_write(1, dev.mmio + PIO_LIST_DOORBELL,
					dev.gpa + PIO_LIST_DOORBELL);
		rcu_read_unlock();
	}
	return true;
}
EXPORT_SYMBOL_GPL(pio_list_post);

/* See pio_list_drain(). */
void __pio_list_drain(void)
{
	unsigned int spins = 0;
	unsigned long flags;
	u32 n = READ_ONCE(dev.avail);

	rcu_read_lock();
	while (!done_with(n)) {
		cpu_relax();
		if (++spins % SPINS)
			continue;
		spin_lock_irqsave(&dev.lock, flags);
		look_after();
		spin_unlock_irqrestore(&dev.lock, flags);
	}
	rcu_read_unlock();
	/* What they did, before what the caller looks at. */
	smp_mb();
}
EXPORT_SYMBOL_GPL(__pio_list_drain);

/**
 * pio_list_reaches() - does the device take lists about a register?
 * @gpa: guest-physical address of a 32-bit register that may be read
 *
 * Waits for the device with interrupts off, as pio_list_drain() may.
 *
 * Context: any but NMI.
 * Return: whether it does.
 */
bool pio_list_reaches(phys_addr_t gpa)
{
	struct pio_hcall_access read = {
		.op = PIO_HCALL_OP_READ,
		.space = PIO_HCALL_SPACE_MMIO,
		.size = 4,
		.addr = gpa,
	};
	struct pio_list_entry *entry;
	unsigned int spins = 0;
	unsigned long flags;
	bool reaches = false;

	/* For there to be room. */
	pio_list_drain();
	spin_lock_irqsave(&dev.lock, flags);
	if (is_room()) {
		entry = &dev.queue->entry[dev.avail % POSTED];
		put(&read, 1);
		writel(1, dev.mmio + PIO_LIST_DOORBELL);
		while (!done_with(dev.avail)) {
			cpu_relax();
			if (!(++spins % SPINS))
				look_after();
		}
		/* The number, before what it says. */
		smp_rmb();
		reaches = pio_list_open && !entry->status;
		/* For put() to find nothing wrong. */
		entry->status = 0;
	}
	spin_unlock_irqrestore(&dev.lock, flags);
	return reaches;
}
EXPORT_SYMBOL_GPL(pio_list_reaches);

/**
 * pio_list_reads_strings() - does the device know PIO_LIST_OP_READ_STRING?
 *
 * Context: any.
 * Return: whether it does.
 */
bool pio_list_reads_strings(void)
{
	return READ_ONCE(pio_list_open) && dev.features & PIO_LIST_F_READ_STRING;
}
EXPORT_SYMBOL_GPL(pio_list_reads_strings);

static void free_standing(struct pio_standing *st)
{
	kfree(st->lists);
	free_page((unsigned long)st->queue);
	kfree(st);
}

/* Under dev.registers. */
static void stop_standing(struct pio_standing *st)
{
	if (st->running && dev.mmio)
		stop_queue(st->nr);
	st->running = false;
}

/**
 * pio_standing_open() - a queue for the lists of an interrupt
 * @source:	PIO_LIST_SOURCE_MSI or _LINE, with its number
 * @elements:	of the longest list
 *
 * All other functions are called under a lock of the caller's.
 *
 * Context: may sleep.
 * Return: the queue; NULL if there can be none.
 */
struct pio_standing *pio_standing_open(u32 source, unsigned int elements)
{
	struct pio_standing *st;
	unsigned long flags;
	unsigned int i;

	if (!READ_ONCE(pio_list_open) || elements > PIO_HCALL_BATCH_MAX)
		return NULL;
	st = kzalloc(sizeof(*st), GFP_KERNEL);
	if (!st)
		return NULL;
	st->elements = elements;
	st->source = source;
	/* A page, for the alignment. */
	st->queue = (void *)get_zeroed_page(GFP_KERNEL);
	st->lists = kcalloc(STANDING * elements, sizeof(*st->lists), GFP_KERNEL);
	if (!st->queue || !st->lists)
		goto free;

	spin_lock_irqsave(&dev.registers, flags);
	for (i = 1; i < dev.n_queues && dev.standing[i]; i++)
		;
	if (dev.mmio && i < dev.n_queues && start_queue(i, st->queue, STANDING, source)) {
		st->nr = i;
		st->running = true;
		dev.standing[i] = st;
	}
	spin_unlock_irqrestore(&dev.registers, flags);
	if (st->running)
		return st;
free:
	free_standing(st);
	return NULL;
}
EXPORT_SYMBOL_GPL(pio_standing_open);

/**
 * pio_standing_stop() - no lists stand any more; what is done can still be taken
 * @st: the queue
 *
 * Context: any but NMI.
 */
void pio_standing_stop(struct pio_standing *st)
{
	unsigned long flags;

	spin_lock_irqsave(&dev.registers, flags);
	stop_standing(st);
	spin_unlock_irqrestore(&dev.registers, flags);
}
EXPORT_SYMBOL_GPL(pio_standing_stop);

/**
 * pio_standing_close() - stop and free a queue
 * @st: the queue, may be NULL
 *
 * Context: any but NMI.
 */
void pio_standing_close(struct pio_standing *st)
{
	unsigned long flags;

	if (!st)
		return;
	pio_standing_stop(st);
	spin_lock_irqsave(&dev.registers, flags);
	dev.standing[st->nr] = NULL;
	spin_unlock_irqrestore(&dev.registers, flags);
	free_standing(st);
}
EXPORT_SYMBOL_GPL(pio_standing_close);

/**
 * pio_standing_reset() - take back what stands, and drop what is done
 * @st: the queue
 *
 * Context: any but NMI.
 */
void pio_standing_reset(struct pio_standing *st)
{
	unsigned long flags;

	spin_lock_irqsave(&dev.registers, flags);
	st->avail = 0;
	st->taken = 0;
	st->passed = 0;
	st->running = dev.mmio && start_queue(st->nr, st->queue, STANDING, st->source);
	spin_unlock_irqrestore(&dev.registers, flags);
}
EXPORT_SYMBOL_GPL(pio_standing_reset);

/**
 * pio_standing_room() - where to make the next standing list
 * @st: the queue
 *
 * Context: any.
 * Return: memory for it; NULL if as many stand, or wait to be taken, as can be.
 */
struct pio_hcall_access *pio_standing_room(struct pio_standing *st)
{
	if (!st->running || st->avail - st->taken >= STANDING)
		return NULL;
	return st->lists + st->avail % STANDING * st->elements;
}
EXPORT_SYMBOL_GPL(pio_standing_room);

/**
 * pio_standing_arm() - the list in pio_standing_room() is for the next interrupt
 * @st: the queue
 * @count: elements
 * @note: comes back with the result
 *
 * Context: any.
 */
void pio_standing_arm(struct pio_standing *st, unsigned int count, u64 note)
{
	struct pio_list_entry *entry = &st->queue->entry[st->avail % STANDING];

	entry->list = virt_to_phys(pio_standing_room(st));
	entry->count = count;
	st->count[st->avail % STANDING] = count;
	st->note[st->avail % STANDING] = note;
	st->avail++;
	/* The list first. */
	smp_store_release(&st->queue->avail, st->avail);
}
EXPORT_SYMBOL_GPL(pio_standing_arm);

/* How many are done and not taken; the device's word, but within reason. */
static u32 done(struct pio_standing *st)
{
	/* Before what it has read. */
	u32 n = smp_load_acquire(&st->queue->used) - st->taken;

	return n <= st->avail - st->taken ? n : 0;
}

/**
 * pio_standing_armed() - does a list stand that has not been carried out?
 * @st: the queue
 *
 * Context: any.
 * Return: whether one does.
 */
bool pio_standing_armed(struct pio_standing *st)
{
	return st->running && st->avail - st->taken > done(st);
}
EXPORT_SYMBOL_GPL(pio_standing_armed);

/**
 * pio_standing_done() - is there something to take?
 * @st: the queue
 *
 * Context: any.
 * Return: whether there is.
 */
bool pio_standing_done(struct pio_standing *st)
{
	return done(st);
}
EXPORT_SYMBOL_GPL(pio_standing_done);

/**
 * pio_standing_take() - the oldest list that was carried out
 * @st: the queue
 * @res: what it has left
 *
 * Context: any.
 * Return: false if there is none.
 */
bool pio_standing_take(struct pio_standing *st, struct pio_standing_result *res)
{
	unsigned int i = st->taken % STANDING;

	if (!done(st))
		return false;
	res->list = st->lists + i * st->elements;
	res->count = st->count[i];
	res->left = st->queue->entry[i].left;
	res->order = st->queue->entry[i].order;
	res->note = st->note[i];
	st->taken++;
	return true;
}
EXPORT_SYMBOL_GPL(pio_standing_take);

/**
 * pio_standing_passed() - did an interrupt come that no list stood for?
 * @st: the queue
 *
 * Context: any.
 * Return: whether one has since the last time.
 */
bool pio_standing_passed(struct pio_standing *st)
{
	u32 passed = READ_ONCE(st->queue->passed), last = st->passed;

	st->passed = passed;
	return passed != last || !st->running;
}
EXPORT_SYMBOL_GPL(pio_standing_passed);

/**
 * pio_standing_works() - does the device still carry out standing lists?
 * @st: the queue; it is stopped if not
 *
 * Costs an exit to the VMM.
 *
 * Context: any but NMI.
 * Return: whether it does.
 */
bool pio_standing_works(struct pio_standing *st)
{
	unsigned long flags;

	spin_lock_irqsave(&dev.registers, flags);
	if (st->running && (!dev.mmio || queue_state(st->nr) != PIO_LIST_RUNNING)) {
		pr_err("the list device has stopped, interrupts are calls from now on\n");
		st->running = false;
	}
	spin_unlock_irqrestore(&dev.registers, flags);
	return st->running;
}
EXPORT_SYMBOL_GPL(pio_standing_works);

/* Memory of queue 0 is there. */
static bool start_posting(void)
{
	unsigned long flags;
	bool ok;

	spin_lock_irqsave(&dev.lock, flags);
	spin_lock(&dev.registers);
	dev.avail = 0;
	ok = start_queue(0, dev.queue, POSTED, PIO_LIST_SOURCE_DOORBELL);
	WRITE_ONCE(pio_list_open, ok);
	spin_unlock(&dev.registers);
	spin_unlock_irqrestore(&dev.lock, flags);
	return ok;
}

/*
 * The device writes to no memory of ours any more, and what was posted is done.  Standing
 * lists end, what they have done can still be taken.
 */
static void stop_all(void)
{
	unsigned long flags;
	unsigned int i;

	pio_list_drain();
	spin_lock_irqsave(&dev.lock, flags);
	spin_lock(&dev.registers);
	if (dev.mmio) {
		stop_queue(0);
		if (pio_list_open)
			take_back();
		for (i = 1; i < dev.n_queues; i++) {
			if (dev.standing[i])
				stop_standing(dev.standing[i]);
		}
	}
	spin_unlock(&dev.registers);
	spin_unlock_irqrestore(&dev.lock, flags);
}

static void list_remove(struct pci_dev *pdev)
{
	void __iomem *mmio = dev.mmio;

	stop_all();
	/* Who has seen it open may be about to ring. */
	synchronize_rcu();
	spin_lock_irq(&dev.registers);
	dev.mmio = NULL;
	spin_unlock_irq(&dev.registers);
	pci_iounmap(pdev, mmio);
	kfree(dev.lists);
	free_page((unsigned long)dev.queue);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
}

static int list_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	void __iomem *mmio;
	int err;

	if (dev.mmio)
		return -EBUSY;
	err = pci_enable_device(pdev);
	if (err)
		return err;
	err = pci_request_regions(pdev, "pio_hypercall");
	if (err)
		goto disable;
	err = -ENOMEM;
	mmio = pci_iomap(pdev, 0, 0);
	dev.queue = (void *)get_zeroed_page(GFP_KERNEL);
	dev.lists = kcalloc(POSTED * PIO_LIST_POST_MAX, sizeof(*dev.lists), GFP_KERNEL);
	if (!mmio || !dev.queue || !dev.lists)
		goto free;
	err = -ENODEV;
	if (readl(mmio + PIO_LIST_VERSION) != PIO_LIST_ABI_VERSION) {
		pci_warn(pdev, "pio_hcall: left alone: it speaks another version of the ABI\n");
		goto free;
	}
	dev.n_queues = min_t(u32, readl(mmio + PIO_LIST_QUEUES), QUEUES_MAX);
	dev.features = readl(mmio + PIO_LIST_FEATURES);
	dev.gpa = pci_resource_start(pdev, 0);
	dev.mmio = mmio;
	if (!start_posting()) {
		pci_warn(pdev, "pio_hcall: left alone: its queue does not start\n");
		dev.mmio = NULL;
		goto free;
	}
	pci_info(pdev, "pio_hcall: lists by doorbell\n");
	return 0;

free:
	kfree(dev.lists);
	free_page((unsigned long)dev.queue);
	if (mmio)
		pci_iounmap(pdev, mmio);
	pci_release_regions(pdev);
disable:
	pci_disable_device(pdev);
	return err;
}

/* A kernel that comes by kexec has other things where the queues are. */
static void list_shutdown(struct pci_dev *pdev)
{
	stop_all();
}

/* After the disks: no request is under way. */
static int list_suspend(struct device *device)
{
	stop_all();
	return 0;
}

static int list_resume(struct device *device)
{
	unsigned int i;

	start_posting();
	for (i = 1; i < dev.n_queues; i++) {
		if (dev.standing[i])
			pio_standing_reset(dev.standing[i]);
	}
	return 0;
}

static const struct dev_pm_ops list_pm = {
	NOIRQ_SYSTEM_SLEEP_PM_OPS(list_suspend, list_resume)
};

static void list_reset_prepare(struct pci_dev *pdev)
{
	stop_all();
}

static void list_reset_done(struct pci_dev *pdev)
{
	list_resume(&pdev->dev);
}

static const struct pci_error_handlers list_err_handler = {
	.reset_prepare = list_reset_prepare,
	.reset_done = list_reset_done,
};

static const struct pci_device_id list_ids[] = {
	{ PCI_DEVICE(PIO_LIST_VENDOR, PIO_LIST_DEVICE) },
	{ }
};

static struct pci_driver list_driver = {
	.name = "pio_list",
	.id_table = list_ids,
	.probe = list_probe,
	.remove = list_remove,
	.shutdown = list_shutdown,
	.err_handler = &list_err_handler,
	.driver = {
		.pm = pm_sleep_ptr(&list_pm),
		/* Whether there is one has to be known. */
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
		/* Controllers look for it once. */
		.suppress_bind_attrs = true,
	},
};

static bool registered;

/**
 * pio_list_instead() - lists by the list device, of a host that answers no calls
 *
 * What cannot be posted, and no list stands for, is done natively then.
 *
 * Context: after PCI devices are known, before pio_list_init().
 * Return: whether there will be lists.
 */
bool pio_list_instead(void)
{
	if (!pio_hcall_unanswered || !pci_dev_present(list_ids))
		return false;
	pio_hcall_features = PIO_HCALL_F_BATCH | PIO_HCALL_F_MMIO;
	pr_info("on: no handler on the host, but a list device (IDE and AHCI controllers)\n");
	return true;
}

/**
 * pio_list_init() - use the list device, if there is one and it is not in use
 *
 * Context: may sleep; before controllers are converted.
 * Return: 0 or an error.
 */
int pio_list_init(void)
{
	int err;

	if (!(pio_hcall_features & PIO_HCALL_F_BATCH) ||
	    !(pio_hcall_features & PIO_HCALL_F_MMIO) || registered)
		return 0;
	err = pci_register_driver(&list_driver);
	registered = !err;
	if (!err && pio_hcall_unanswered && !READ_ONCE(pio_list_open)) {
		pr_warn("off: no handler on the host, and the list device does not work\n");
		pio_list_exit();
		err = -ENODEV;
	}
	return err;
}
EXPORT_SYMBOL_GPL(pio_list_init);

/**
 * pio_list_exit() - undo pio_list_init()
 *
 * Context: may sleep; after controllers were given back.
 */
void pio_list_exit(void)
{
	if (registered)
		pci_unregister_driver(&list_driver);
	registered = false;
}
EXPORT_SYMBOL_GPL(pio_list_exit);
