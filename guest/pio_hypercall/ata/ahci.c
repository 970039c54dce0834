// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of AHCI controllers as lists of accesses.
 *
 * Documentation/libata.rst compares them with libahci.c access by access.
 * Covered are read and write commands, queued (NCQ) or not, of disks that are not
 * behind a port multiplier.  All else, and whatever is not as expected, is the
 * driver's own code.
 */
#include "ata.h"
#include "../transport.h"

/* Serial ATA AHCI 1.3.1: 3.1 (generic host control), 3.3 (port registers). */
#define HOST_CAP		0x00
#define HOST_IRQ_STAT		0x08
#define PORTS			0x100
#define PORT_SIZE		0x80
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

static void add(struct pio_ata_port *pp, unsigned int *n, u8 op, u32 reg,
		u32 value)
{
	pio_ata_add(pp, n, op, PIO_HCALL_SPACE_MMIO, 4, pp->host->gpa + reg,
		    value);
}

static u32 port_reg(struct pio_ata_port *pp, u32 reg)
{
	return PORTS + pp->ap->port_no * PORT_SIZE + reg;
}

/* ahci_qc_issue() */
static unsigned int ahci_qc_issue(struct ata_queued_cmd *qc)
{
	struct ata_port *ap = qc->ap;
	struct pio_ata_port *pp = pio_ata_port(ap);
	bool ncq = ata_is_ncq(qc->tf.protocol);
	unsigned int n = 0;

	if ((!ncq && qc->tf.protocol != ATA_PROT_DMA) || !pp->seen ||
	    sata_pmp_attached(ap) || qc->dev->class != ATA_DEV_ATA ||
	    ap->link.flags & ATA_LFLAG_SW_ACTIVITY || !pio_ata_quiet(ap)) {
		pp->seen = true;
		return pp->stock->qc_issue(qc);
	}

	wmb();	/* the command table, before its doorbell: as writel() */
	if (ncq)
		add(pp, &n, PIO_HCALL_OP_WRITE, port_reg(pp, PORT_SCR_ACT),
		    1U << qc->hw_tag);
	add(pp, &n, PIO_HCALL_OP_WRITE, port_reg(pp, PORT_CMD_ISSUE),
	    1U << qc->hw_tag);
	pio_hcall_batch(pp->list, n);
	pp->issued++;
	return 0;
}

/*
 * ahci_single_level_irq_intr() as far as it is about commands that did not fail.
 *
 * Causes are cleared before the completed commands are read, as there, so one that
 * completes in between is either seen or raises the next interrupt.  Clearing is
 * blind, but never of an error: if there is one, the interrupt stays asserted, and
 * the driver's handler finds what it would have found.  A failed NCQ command stays
 * active.  One without NCQ may look completed, so for those causes are looked at
 * last, and nothing is believed if one of them is an error.
 */
static enum pio_ata_irq ahci_interrupt(struct pio_ata_port *pp)
{
	struct ata_port *ap = pp->ap;
	struct ata_eh_info *ehi = &ap->link.eh_info;
	bool ncq = ap->link.sactive;
	unsigned int n = 0, state;
	u32 active;

	if (!pp->seen || sata_pmp_attached(ap) ||
	    ap->link.device->class != ATA_DEV_ATA)
		return PIO_ATA_DRIVER;

	add(pp, &n, PIO_HCALL_OP_WRITE, port_reg(pp, PORT_IRQ_STAT),
	    PORT_IRQ_GOOD);
	add(pp, &n, PIO_HCALL_OP_WRITE, HOST_IRQ_STAT, 1U << ap->port_no);
	state = n;
	add(pp, &n, PIO_HCALL_OP_READ,
	    port_reg(pp, ncq ? PORT_SCR_ACT : PORT_CMD_ISSUE), 0);
	if (!ncq)
		pio_ata_check(pp, &n, PIO_HCALL_SPACE_MMIO, 4,
			      pp->host->gpa + port_reg(pp, PORT_IRQ_STAT),
			      PORT_IRQ_BAD, 0);
	if (pio_hcall_batch(pp->list, n) < n) {
		pp->stopped++;
		return PIO_ATA_DRIVER;
	}

	active = pp->list[state].value;
	if (active == (u32)ap->qc_active) {
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

static bool ahci_port_init(struct pio_ata_port *pp)
{
	/* Under host->lock only: one interrupt for all ports. */
	if (pp->ap->lock != &pp->ap->host->lock)
		return false;
	pp->ops.qc_issue = ahci_qc_issue;
	return true;
}

static int ahci_host_init(struct pio_ata_host *ph)
{
	void __iomem * const *map = pcim_iomap_table(ph->pdev);

	if (!(pio_hcall_features & PIO_HCALL_F_MMIO) || !map || !map[AHCI_BAR])
		return -ENODEV;
	ph->mmio = map[AHCI_BAR];
	ph->gpa = pci_resource_start(ph->pdev, AHCI_BAR);
	/* A controller that was passed through is memory to the host. */
	if (!pio_hcall_reaches(ph->gpa + HOST_CAP))
		return -ENODEV;
	return pio_mmio_announce(ph->mmio, ph->gpa,
				 pci_resource_len(ph->pdev, AHCI_BAR));
}

static void ahci_host_exit(struct pio_ata_host *ph)
{
	pio_mmio_forget(ph->mmio);
}

const struct pio_ata_driver pio_ata_ahci = {
	.name = "ahci",
	.port_init = ahci_port_init,
	.interrupt = ahci_interrupt,
	.host_init = ahci_host_init,
	.host_exit = ahci_host_exit,
};
