// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of AHCI controllers as lists of accesses.
 *
 * Documentation/libata.rst compares them with libahci.c access by access.
 * Covered are read, write and flush commands, queued (NCQ) or not, of disks that are not
 * behind a port multiplier.  All else, and whatever is not as expected, is the
 * driver's own code.
 */
#include <linux/slab.h>
#include "ata.h"
#include "../transport.h"

/* Serial ATA AHCI 1.3.1: 3.1 (generic host control), 3.3 (port registers). */
#define HOST_CAP		0x00
#define HOST_IRQ_STAT		0x08
#define PORTS			0x100
#define PORT_SIZE		0x80
#define PORT_LST_ADDR		0x00
#define PORT_IRQ_STAT		0x10
#define PORT_SCR_ACT		0x34
#define PORT_CMD_ISSUE		0x38
#define AHCI_BAR		5

/* PxIS: DHRS, PSS, DSS, SDBS, DPS: what commands end with that do not fail. */
#define PORT_IRQ_GOOD		0x2f
/*
 * TFES, HBFS, HBDS, IFS, PCS, UFS: libahci's PORT_IRQ_ERROR but for PRCS and IPMS,
 * which it has disabled at times.  What is not enabled raises no interrupt for the
 * driver's handler to find it by.
 */
#define PORT_IRQ_BAD		0x78000050

/* Of the list of one interrupt: accesses to HOST_IRQ_STAT, and to PxCLB. */
#define COMMON_MAX	3

#define AHCI_MAX_PORTS	32

/*
 * Interrupts in a row for which no list was run, though one stood, and which are not taken
 * for the controller's: it may have raised another before the handler of the first ran.
 */
#define REPEATS_MAX	8

static void add(struct pio_ata_host *ph, struct pio_hcall_access *list,
		unsigned int *n, u8 op, u32 reg, u32 value)
{
	pio_ata_add(list, n, op, PIO_HCALL_SPACE_MMIO, 4, ph->gpa + reg, value);
}

static u32 port_reg(struct pio_ata_port *pp, u32 reg)
{
	return PORTS + pp->ap->port_no * PORT_SIZE + reg;
}

/* Disks whose commands, and completions, are known here. */
static bool is_ours(struct pio_ata_port *pp)
{
	return pp->ap && pp->seen && !sata_pmp_attached(pp->ap) &&
	       pp->ap->link.device->class == ATA_DEV_ATA;
}

/* Accesses that add_completion() adds.  If there are too many, the interrupt is the driver's. */
static bool is_room(unsigned long queued, unsigned long plain)
{
	return hweight_long(queued | plain) + hweight_long(queued) + 2 * hweight_long(plain) <=
	       PIO_HCALL_BATCH_MAX - COMMON_MAX;
}

/*
 * Clears the causes of ports, then reads what is active of them: of those in @queued PxSACT, of
 * those in @plain PxCI, and whether there is an error.
 */
static void add_completion(struct pio_ata_host *ph, struct pio_hcall_access *list,
			   unsigned int *n, unsigned long queued, unsigned long plain)
{
	unsigned long ports = queued | plain;
	unsigned int i;

	for_each_set_bit(i, &ports, ph->n_ports)
		add(ph, list, n, PIO_HCALL_OP_WRITE,
		    port_reg(&ph->ports[i], PORT_IRQ_STAT), PORT_IRQ_GOOD);
	add(ph, list, n, PIO_HCALL_OP_WRITE, HOST_IRQ_STAT, ports);
	for_each_set_bit(i, &ports, ph->n_ports) {
		struct pio_ata_port *pp = &ph->ports[i];

		if (queued & BIT(i))
			add(ph, list, n, PIO_HCALL_OP_READ, port_reg(pp, PORT_SCR_ACT), 0);
		if (!(plain & BIT(i)))
			continue;
		add(ph, list, n, PIO_HCALL_OP_READ, port_reg(pp, PORT_CMD_ISSUE), 0);
		add(ph, list, n, PIO_HCALL_OP_READ, port_reg(pp, PORT_IRQ_STAT), 0);
	}
}

/* How many reads that ends with. */
static unsigned int completion_reads(unsigned long queued, unsigned long plain)
{
	return hweight_long(queued) + 2 * hweight_long(plain);
}

/* Lists that stand one after the other for the same disks, before that is looked at anew. */
#define STOOD_MAX	32

/*
 * As many lists as there is room for, for the interrupts to come: those of ahci_interrupt(),
 * for all disks in use of late (accesses for others would be made in vain).  What is active of
 * one with NCQ is read from PxSACT, of the others, and those with flushes of late, from PxCI; the
 * note says which disks these are.  Where there is something else, too, the list stops if that
 * has a cause: the interrupt is the driver's then.
 */
static void stand(struct pio_ata_host *ph)
{
	struct pio_hcall_access *list;

	while ((list = pio_standing_room(ph->standing))) {
		u32 queued = 0, plain = 0, others = 0, active = 0;
		struct pio_ata_port *first;
		unsigned int i, n = 0;

		for (i = 0; i < ph->n_ports; i++) {
			struct ata_port *ap = ph->host->ports[i];

			if (!is_ours(&ph->ports[i])) {
				if (sata_pmp_attached(ap) ||
				    ata_class_enabled(ap->link.device->class))
					others |= BIT(i);
				continue;
			}
			if (ap->qc_active)
				active |= BIT(i);
			if (!(ph->in_use & BIT(i)))
				continue;
			if (ata_ncq_enabled(ap->link.device))
				queued |= BIT(i);
			if (!(queued & BIT(i)) || ph->plain & BIT(i))
				plain |= BIT(i);
		}
		if (++ph->stood == STOOD_MAX) {
			ph->stood = 0;
			ph->in_use = ph->used | active;
			ph->used = 0;
			ph->plain = ph->flushed;
			ph->flushed = 0;
		}
		if (!(queued | plain) || !is_room(queued, plain))
			return;
		/* After a crash kexec it is another kernel's controller. */
		first = &ph->ports[__ffs(queued | plain)];
		add(ph, list, &n, PIO_HCALL_OP_CHECK, port_reg(first, PORT_LST_ADDR), 0);
		list[0].mask = ~0;
		list[0].want = first->commands;
		if (others) {
			add(ph, list, &n, PIO_HCALL_OP_CHECK, HOST_IRQ_STAT, 0);
			list[1].mask = others;
		}
		add_completion(ph, list, &n, queued, plain);
		pio_standing_arm(ph->standing, n, (u64)queued << 32 | plain);
	}
}

/* ahci_qc_issue() */
static unsigned int ahci_qc_issue(struct ata_queued_cmd *qc)
{
	struct ata_port *ap = qc->ap;
	struct pio_ata_port *pp = pio_ata_port(ap);
	bool ncq = ata_is_ncq(qc->tf.protocol);
	unsigned int n = 0;

	if ((!ncq && qc->tf.protocol != ATA_PROT_DMA && !pio_ata_is_flush(&qc->tf)) || !pp->seen ||
	    sata_pmp_attached(ap) || qc->dev->class != ATA_DEV_ATA ||
	    ap->link.flags & ATA_LFLAG_SW_ACTIVITY || !pio_ata_quiet(ap)) {
		pp->seen = true;
		pp->posted &= ~BIT(qc->hw_tag);
		pio_list_drain();
		return pp->stock->qc_issue(qc);
	}

	wmb();	/* the command table, before its doorbell: as writel() */
	if (ncq)
		add(pp->host, pp->list, &n, PIO_HCALL_OP_WRITE,
		    port_reg(pp, PORT_SCR_ACT), 1U << qc->hw_tag);
	add(pp->host, pp->list, &n, PIO_HCALL_OP_WRITE,
	    port_reg(pp, PORT_CMD_ISSUE), 1U << qc->hw_tag);
	pp->posted &= ~BIT(qc->hw_tag);
	if (pp->standing && qc->tag == qc->hw_tag) {
		/* Lists that stand already may be for others: an interrupt is a call then. */
		pp->host->used |= BIT(ap->port_no);
		pp->host->in_use |= BIT(ap->port_no);
		if (!ncq) {
			pp->host->plain |= BIT(ap->port_no);
			pp->host->flushed |= BIT(ap->port_no);
		}
		stand(pp->host);
		if (pio_list_post(pp->list, n, &pp->order[qc->hw_tag]))
			pp->posted |= BIT(qc->hw_tag);
		else
			pio_hcall_batch(pp->list, n);
	} else {
		pio_hcall_batch(pp->list, n);
	}
	pp->issued++;
	return 0;
}

/* All commands but those in @active are done. */
static enum pio_ata_irq complete_all_but(struct pio_ata_port *pp, u32 active)
{
	struct ata_port *ap = pp->ap;
	struct ata_eh_info *ehi = &ap->link.eh_info;
	bool some;

	/* Error handling's own has a tag that the controller does not know. */
	if (ap->qc_active & BIT_ULL(ATA_TAG_INTERNAL))
		some = !(active & 1);
	else
		some = active != (u32)ap->qc_active;
	if (!some) {
		pp->stopped++;
		return PIO_ATA_WAITS;
	}
	pp->completed++;
	/* As ahci_qc_complete(). */
	if (unlikely(ata_qc_complete_multiple(ap, active) < 0)) {
		ehi->err_mask |= AC_ERR_HSM;
		ehi->action |= ATA_EH_RESET;
		ata_port_freeze(ap);
	}
	return PIO_ATA_SERVED;
}

/* What its part of the list has read, from @e on; how much that is to *@n. */
static enum pio_ata_irq port_interrupt(struct pio_ata_port *pp,
				       struct pio_hcall_access *e,
				       unsigned int *n)
{
	struct ata_port *ap = pp->ap;
	u32 active = e[0].value;

	*n = ap->link.sactive ? 1 : 2;
	if (!ap->link.sactive && (u32)e[1].value & PORT_IRQ_BAD) {
		pp->stopped++;
		return PIO_ATA_DRIVER;
	}
	return complete_all_but(pp, active);
}

/* The rest of an interrupt that a list stood for. */
struct standing {
	bool stopped;		/* something else's */
	bool any;
	u32 queued;		/* ports of which it has read PxSACT */
	u32 plain;		/* and PxCI */
	u32 bad;		/* of them, those with an error */
	u32 order;
	u32 active[AHCI_MAX_PORTS];
};

static void take_results(struct pio_ata_host *ph, struct standing *s)
{
	struct pio_standing_result res;

	while (pio_standing_take(ph->standing, &res)) {
		const struct pio_hcall_access *e;
		unsigned long ports;
		unsigned int i;

		if (res.left) {
			s->stopped = true;
			continue;
		}
		s->any = true;
		s->queued = res.note >> 32;
		s->plain = res.note;
		s->order = res.order;
		ports = s->queued | s->plain;
		e = res.list + res.count - completion_reads(s->queued, s->plain);
		for_each_set_bit(i, &ports, AHCI_MAX_PORTS) {
			s->active[i] = s->queued & BIT(i) ? (e++)->value : 0;
			if (!(s->plain & BIT(i)))
				continue;
			s->active[i] |= (e++)->value;
			if ((u32)(e++)->value & PORT_IRQ_BAD)
				s->bad |= BIT(i);
		}
	}
}

/* Is it another interrupt for what the last one has found already? */
static bool repeated(struct pio_ata_host *ph)
{
	if (!pio_standing_armed(ph->standing) || ++ph->repeats == REPEATS_MAX)
		return false;
	/* If lists stand in vain, none of them will ever be done. */
	return ph->repeats == 1 || pio_standing_works(ph->standing);
}

/*
 * Standing lists are blind to what has happened since: a command that was issued after one
 * began is active yet, whatever it says, of one that was issued by a call nobody knows, and one
 * that a call has completed meanwhile is not active any more.
 * Ports about which they say nothing stay in @busy.  True: the controller was asked.
 */
static bool standing_interrupt(struct pio_ata_host *ph, unsigned long *busy,
			       unsigned int *seen)
{
	struct standing s = { };
	unsigned int i, tag;
	bool passed;

	take_results(ph, &s);
	stand(ph);
	passed = pio_standing_passed(ph->standing);
	if (s.stopped)
		*seen |= PIO_ATA_DRIVER;
	if (!s.any) {
		if (passed || (!s.stopped && !repeated(ph))) {
			ph->repeats = 0;
			return false;
		}
		*busy = 0;
		*seen |= PIO_ATA_SERVED;
		return true;
	}
	/* Behind those with a list one came without: for what they have not cleared, maybe. */
	if (passed)
		*seen |= PIO_ATA_DRIVER;
	ph->repeats = 0;
	for_each_set_bit(i, busy, ph->n_ports) {
		struct pio_ata_port *pp = &ph->ports[i];
		struct ata_port *ap = pp->ap;
		unsigned long active = (u32)ap->qc_active;

		if (!((ap->link.sactive ? s.queued : s.plain) & BIT(i)) ||
		    ap->qc_active & ~(u64)pp->posted)
			continue;
		__clear_bit(i, busy);
		if (s.bad & BIT(i)) {
			pp->stopped++;
			*seen |= PIO_ATA_DRIVER;
			continue;
		}
		s.active[i] &= active;
		for_each_set_bit(tag, &active, ATA_MAX_QUEUE) {
			if (!pio_ata_before(pp, tag, s.order))
				s.active[i] |= BIT(tag);
		}
		*seen |= complete_all_but(pp, s.active[i]);
	}
	return true;
}

/*
 * ahci_single_level_irq_intr() as far as it is about commands that did not fail.
 *
 * If one port has commands, the interrupt is taken to be about it: if it is not, the
 * driver looks.  If several have, the controller is asked, as otherwise each of them would
 * have to be, at each interrupt; what it says of ports without commands is the driver's.
 *
 * Causes are cleared before the completed commands are read, as there, so one that
 * completes in between is either seen or raises the next interrupt.  Clearing is
 * blind, but never of an error: if there is one, the interrupt stays asserted, and
 * the driver's handler finds what it would have found.  A failed NCQ command stays
 * active.  One without NCQ may look completed, so for those causes are looked at
 * last, and nothing is believed if one of them is an error.
 */
static unsigned int ahci_interrupt(struct pio_ata_host *ph, unsigned long busy)
{
	unsigned int i, n = 0, read, used, seen = 0;
	unsigned long ports, queued = 0, plain = 0;
	bool asked = false;

	if (ph->standing) {
		asked = standing_interrupt(ph, &busy, &seen);
		if (!busy)
			return seen;
	}
	ports = busy;
	if (!asked && hweight_long(busy) > 1) {
		u32 causes;

		pio_list_drain();
		causes = pio_hcall_read(ph->mmio + HOST_IRQ_STAT, ph->gpa + HOST_IRQ_STAT);
		if (!causes)
			return PIO_ATA_SPURIOUS;
		if (causes & ~busy)
			seen |= PIO_ATA_DRIVER;
		ports &= causes;
	}
	for_each_set_bit(i, &ports, ph->n_ports) {
		if (!is_ours(&ph->ports[i])) {
			__clear_bit(i, &ports);
			seen |= PIO_ATA_DRIVER;
		} else if (ph->ports[i].ap->link.sactive) {
			queued |= BIT(i);
		} else {
			plain |= BIT(i);
		}
	}
	if (!ports)
		return seen;
	if (!is_room(queued, plain))
		return PIO_ATA_DRIVER;

	add_completion(ph, ph->list, &n, queued, plain);
	read = n - completion_reads(queued, plain);
	pio_hcall_batch(ph->list, n);
	for_each_set_bit(i, &ports, ph->n_ports) {
		seen |= port_interrupt(&ph->ports[i], &ph->list[read], &used);
		read += used;
	}
	return seen;
}

static bool ahci_port_init(struct pio_ata_port *pp)
{
	/* Under host->lock only: one interrupt for all ports. */
	if (pp->ap->lock != &pp->ap->host->lock)
		return false;
	pp->ops.qc_issue = ahci_qc_issue;
	return true;
}

/* Not one that a VMM passes through: its interrupts do not come by way of the list device. */
static bool is_qemus(struct pci_dev *pdev)
{
	return pdev->subsystem_vendor == PCI_SUBVENDOR_ID_REDHAT_QUMRANET;
}

static const char *unreached(void)
{
	return pio_hcall_gone() ? "the host does not answer, nor a list device" :
				  "the host does not emulate its registers";
}

static const char *ahci_host_init(struct pio_ata_host *ph)
{
	void __iomem * const *map = pcim_iomap_table(ph->pdev);
	const char *why;
	bool reaches;

	if (!(pio_hcall_features & PIO_HCALL_F_MMIO))
		return "the host offers no MMIO, or pio_hcall= says nommio";
	if (!map || !map[AHCI_BAR])
		return "its registers are not where they are expected";
	ph->mmio = map[AHCI_BAR];
	ph->gpa = pci_resource_start(ph->pdev, AHCI_BAR);
	/* A controller that was passed through is memory to the host. */
	reaches = pio_hcall_reaches(ph->gpa + HOST_CAP);
	if (!reaches && !is_qemus(ph->pdev))
		return unreached();
	if (pio_mmio_announce(ph->mmio, ph->gpa, pci_resource_len(ph->pdev, AHCI_BAR)))
		return "there are too many controllers";
	/* Announced by then: what the list device leaves undone is native. */
	why = unreached();
	if (!reaches && !pio_list_reaches(ph->gpa + HOST_CAP))
		goto forget;
	why = "no memory";
	ph->list = kcalloc(PIO_HCALL_BATCH_MAX, sizeof(*ph->list), GFP_KERNEL);
	if (ph->list)
		return NULL;
forget:
	pio_mmio_forget(ph->mmio);
	return why;
}

static void ahci_stand(struct pio_ata_host *ph)
{
	struct pci_dev *pdev = ph->pdev;
	unsigned int i;

	if (!pdev->msi_enabled || pci_domain_nr(pdev->bus) || !is_qemus(pdev))
		return;
	ph->standing = pio_standing_open(PIO_LIST_SOURCE_MSI | pci_dev_id(pdev),
					 PIO_HCALL_BATCH_MAX);
	for (i = 0; i < ph->n_ports; i++) {
		struct pio_ata_port *pp = &ph->ports[i];

		pp->standing = ph->standing;
		if (pp->ap)
			pp->commands = readl(ph->mmio + port_reg(pp, PORT_LST_ADDR));
	}
}

static void ahci_host_exit(struct pio_ata_host *ph)
{
	pio_mmio_forget(ph->mmio);
	kfree(ph->list);
}

const struct pio_ata_driver pio_ata_ahci = {
	.name = "ahci",
	.port_init = ahci_port_init,
	.interrupt = ahci_interrupt,
	.host_init = ahci_host_init,
	.host_exit = ahci_host_exit,
	.stand = ahci_stand,
	/* Always in a patched kernel.  As a module for others: their libahci does not look. */
	.announces = IS_ENABLED(CONFIG_PIO_HYPERCALL_ATA),
};
