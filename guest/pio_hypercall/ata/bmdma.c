// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of IDE controllers with BMDMA (SFF-8038i) as lists of accesses.
 *
 * Documentation/libata.rst compares them with libata-sff.c access by access.
 * Covered are read, write and flush commands, their interrupts, and the data of those
 * by PIO.  All else, and whatever is not as expected, is the driver's own code.
 */
#include <linux/ata.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include "ata.h"
#include "../transport.h"

/* lib/iomap.c: how ioport_map() encodes a port. */
#define IOMAP_PORTS	0x10000UL
#define IOMAP_PORTS_END	0x20000UL

static u16 port_of(const void __iomem *addr)
{
	return (unsigned long)addr - IOMAP_PORTS;
}

static bool is_port(const void __iomem *addr)
{
	return (unsigned long)addr >= IOMAP_PORTS &&
	       (unsigned long)addr < IOMAP_PORTS_END;
}

static void out8(struct pio_hcall_access *list, unsigned int *n, u16 port, u8 value)
{
	pio_ata_add(list, n, PIO_HCALL_OP_WRITE, PIO_HCALL_SPACE_PIO, 1,
		    port, value);
}

/* CHECK: go on only if (register & @mask) == @want. */
static void check8(struct pio_hcall_access *list, unsigned int *n, u16 port, u8 mask,
		   u8 want)
{
	pio_ata_add(list, n, PIO_HCALL_OP_CHECK, PIO_HCALL_SPACE_PIO, 1, port, 0);
	list[*n - 1].mask = mask;
	list[*n - 1].want = want;
}

static void reg8(struct pio_ata_port *pp, unsigned int *n,
		 const void __iomem *addr, u8 value)
{
	out8(pp->list, n, port_of(addr), value);
}

/* Stops the transfer of a command, and clears its interrupt. */
static void stop8(struct pio_ata_port *pp, struct pio_hcall_access *list, unsigned int *n, u8 cmd)
{
	out8(list, n, pp->bmdma + ATA_DMA_CMD, cmd);
	out8(list, n, pp->bmdma + ATA_DMA_STATUS, pp->bmdma_kept | ATA_DMA_INTR);
}

/*
 * What a command that has ended well leaves to be done, by the next one's list or before
 * anybody else looks at the controller: to stop it and to clear its interrupt.
 */
static void add_left(struct pio_ata_port *pp, unsigned int *n)
{
	if (!pp->left)
		return;
	pp->left = false;
	stop8(pp, pp->list, n, pp->left_cmd);
}

static void bmdma_settle(struct pio_ata_port *pp)
{
	unsigned int n = 0;

	add_left(pp, &n);
	if (n)
		pio_hcall_batch(pp->list, n);
}

/* No list stands: the next interrupt is the driver's, or a call's. */
static void unstand(struct pio_ata_port *pp)
{
	struct pio_standing_result old;

	pp->posted = 0;
	if (!pp->standing)
		return;
	if (pio_standing_armed(pp->standing))
		pio_standing_reset(pp->standing);
	/* Of a command that has ended in another way. */
	while (pio_standing_take(pp->standing, &old))
		;
}

static unsigned int stock_issue(struct pio_ata_port *pp,
				struct ata_queued_cmd *qc)
{
	pp->idle_dev = -1;
	pp->ahead = 0;
	pio_list_drain();
	bmdma_settle(pp);
	unstand(pp);
	return pp->stock->qc_issue(qc);
}

/*
 * What ata_bmdma_port_intr() does about a command that has ended well: @now all of it, or
 * what has to be known.  Writes between reads are a trip to the VMM of their own.
 */
static unsigned int done_list(struct pio_ata_port *pp, struct pio_hcall_access *list, u8 cmd,
			      bool now)
{
	unsigned int n = 0;

	check8(list, &n, pp->bmdma + ATA_DMA_STATUS, ATA_DMA_INTR | ATA_DMA_ERR,
	       ATA_DMA_INTR);
	if (now)
		stop8(pp, list, &n, cmd);
	pio_ata_add(list, &n, PIO_HCALL_OP_READ, PIO_HCALL_SPACE_PIO, 1,
		    port_of(pp->ap->ioaddr.status_addr), 0);
	return n;
}

/*
 * The same for a command by PIO, or without data: ata_sff_irq_status() and ata_bmdma_irq_clear().
 * Busy is no error here, and not cleared.
 */
static unsigned int pio_done_list(struct pio_ata_port *pp, struct pio_hcall_access *list)
{
	struct ata_ioports *io = &pp->ap->ioaddr;
	unsigned int n = 0;

	check8(list, &n, port_of(io->altstatus_addr), ATA_BUSY, 0);
	check8(list, &n, port_of(io->status_addr), ATA_BUSY, 0);
	pio_ata_add(list, &n, PIO_HCALL_OP_WRITE_BACK, PIO_HCALL_SPACE_PIO, 1,
		    pp->bmdma + ATA_DMA_STATUS, 0);
	return n;
}

static unsigned int data_size(struct pio_ata_port *pp)
{
	return pp->ap->pflags & ATA_PFLAG_PIO32 ? 4 : 2;
}

/* And what comes then, of a read by PIO: its data, if all is well, and ata_wait_idle(). */
static void add_data(struct pio_ata_port *pp, struct pio_hcall_access *list, unsigned int *n,
		     unsigned int bytes)
{
	struct ata_ioports *io = &pp->ap->ioaddr;

	check8(list, n, port_of(io->altstatus_addr), ATA_BUSY | ATA_DRQ | ATA_ERR | ATA_DF,
	       ATA_DRQ);
	pio_ata_add(list, n, PIO_LIST_OP_READ_STRING, PIO_HCALL_SPACE_PIO, data_size(pp),
		    port_of(io->data_addr), 0);
	list[*n - 1].value = virt_to_phys(pp->data);
	list[*n - 1].mask = bytes / data_size(pp);
	pio_ata_add(list, n, PIO_HCALL_OP_READ, PIO_HCALL_SPACE_PIO, 1,
		    port_of(io->status_addr), 0);
}

/*
 * Elements of a list that stands for a command by PIO, or without data: the check of post(),
 * pio_done_list(), add_data().
 */
enum { STOOD_STATUS = 2, STOOD_DONE = 4, STOOD_DATA = 5, STOOD_IDLE = 6, STOOD_ALL = 7 };

/* Bytes that are transferred at one interrupt. */
static unsigned int block_of(struct ata_queued_cmd *qc)
{
	return qc->sect_size * (is_multi_taskfile(&qc->tf) ? qc->dev->multi_count : 1);
}

/* Can a list stand for its interrupt?  There is one, and the device sends nothing before. */
static bool can_post(struct pio_ata_port *pp, struct ata_queued_cmd *qc)
{
	if (!pp->standing || !pp->ap->bmdma_prd_dma)
		return false;
	if (qc->tf.protocol != ATA_PROT_PIO)
		return true;
	return pp->data && !(qc->tf.flags & ATA_TFLAG_WRITE) && qc->nbytes && !(qc->nbytes % 4) &&
	       qc->nbytes <= block_of(qc) && qc->nbytes <= PIO_ATA_BLOCK;
}

/*
 * By the list device, where there is one: the interrupt's list stands before the command
 * can end.
 */
static bool post(struct pio_ata_port *pp, struct ata_queued_cmd *qc, unsigned int n, u8 cmd)
{
	struct pio_hcall_access *list;
	unsigned int m = 0;

	list = pio_standing_room(pp->standing);
	if (!list)
		return false;
	/* After a crash kexec it is another kernel's controller. */
	pio_ata_add(list, &m, PIO_HCALL_OP_CHECK, PIO_HCALL_SPACE_PIO, 4,
		    pp->bmdma + ATA_DMA_TABLE_OFS, 0);
	list[0].mask = ~0;
	list[0].want = pp->ap->bmdma_prd_dma;
	if (qc->tf.protocol == ATA_PROT_DMA)
		m += done_list(pp, list + m, cmd, true);
	else
		m += pio_done_list(pp, list + m);
	if (qc->tf.protocol == ATA_PROT_PIO)
		add_data(pp, list, &m, qc->nbytes);
	pio_standing_arm(pp->standing, m, 0);
	if (!pio_list_post(pp->list, n, &pp->order[0])) {
		unstand(pp);
		return false;
	}
	pp->posted = 1;
	return true;
}

/* What ata_sff_qc_issue() does behind the command, for one by PIO or without data. */
static void pio_issued(struct ata_queued_cmd *qc)
{
	if (qc->tf.protocol == ATA_PROT_NODATA) {
		qc->ap->hsm_task_state = HSM_ST_LAST;
	} else if (qc->tf.flags & ATA_TFLAG_WRITE) {
		qc->ap->hsm_task_state = HSM_ST_FIRST;
		ata_sff_queue_pio_task(qc->dev->link, 0);
	} else {
		qc->ap->hsm_task_state = HSM_ST;
	}
}

/*
 * ata_bmdma_qc_issue(), with ata_sff_dev_select(), ata_sff_tf_load(),
 * ata_bmdma_setup() and ata_bmdma_start() as called from there; for commands by PIO,
 * and flushes, ata_sff_qc_issue(), with ata_sff_exec_command().
 */
static unsigned int bmdma_qc_issue(struct ata_queued_cmd *qc)
{
	struct ata_port *ap = qc->ap;
	struct pio_ata_port *pp = pio_ata_port(ap);
	struct ata_ioports *io = &ap->ioaddr;
	const struct ata_taskfile *tf = &qc->tf;
	u8 cmd = tf->flags & ATA_TFLAG_WRITE ? 0 : ATA_DMA_WR;
	bool dma = tf->protocol == ATA_PROT_DMA;
	bool is_addr = tf->flags & ATA_TFLAG_ISADDR;
	bool idle = pp->idle_dev == qc->dev->devno;
	/* A list with a CHECK is waited for. */
	bool postable = idle && can_post(pp, qc);
	unsigned int n = 0;

	if ((!dma && tf->protocol != ATA_PROT_PIO && !pio_ata_is_flush(tf)) ||
	    tf->flags & ATA_TFLAG_POLLING || ap->flags & ATA_FLAG_PIO_POLLING ||
	    (!is_addr && !pio_ata_is_flush(tf)) ||
	    !(tf->flags & ATA_TFLAG_DEVICE) || tf->ctl != ap->last_ctl ||
	    !pio_ata_quiet(ap))
		return stock_issue(pp, qc);

	add_left(pp, &n);
	/* The driver waits for the channel to be idle; so do we, unless it is known. */
	if (pp->idle_dev < 0)
		check8(pp->list, &n, port_of(io->altstatus_addr), ATA_BUSY | ATA_DRQ, 0);
	reg8(pp, &n, io->device_addr, tf->device);
	if (!idle)
		check8(pp->list, &n, port_of(io->altstatus_addr), ATA_BUSY | ATA_DRQ, 0);

	if (is_addr && tf->flags & ATA_TFLAG_LBA48) {
		reg8(pp, &n, io->feature_addr, tf->hob_feature);
		reg8(pp, &n, io->nsect_addr, tf->hob_nsect);
		reg8(pp, &n, io->lbal_addr, tf->hob_lbal);
		reg8(pp, &n, io->lbam_addr, tf->hob_lbam);
		reg8(pp, &n, io->lbah_addr, tf->hob_lbah);
	}
	if (is_addr) {
		reg8(pp, &n, io->feature_addr, tf->feature);
		reg8(pp, &n, io->nsect_addr, tf->nsect);
		reg8(pp, &n, io->lbal_addr, tf->lbal);
		reg8(pp, &n, io->lbam_addr, tf->lbam);
		reg8(pp, &n, io->lbah_addr, tf->lbah);
	}

	/* Without DMA it tells the list that stands for the interrupt whose controller it is. */
	if (dma || postable) {
		mb();	/* the PRD table, before its address: as ata_bmdma_setup() */
		pio_ata_add(pp->list, &n, PIO_HCALL_OP_WRITE, PIO_HCALL_SPACE_PIO, 4,
			    pp->bmdma + ATA_DMA_TABLE_OFS, ap->bmdma_prd_dma);
	}
	if (dma)
		out8(pp->list, &n, pp->bmdma + ATA_DMA_CMD, cmd);
	reg8(pp, &n, io->command_addr, tf->command);
	if (dma)
		out8(pp->list, &n, pp->bmdma + ATA_DMA_CMD, cmd | ATA_DMA_START);

	/* The interrupt may come before the call returns, and finds the lock held. */
	pp->idle_dev = -1;
	pp->ahead = 0;
	unstand(pp);
	if ((!postable || !post(pp, qc, n, cmd)) && pio_hcall_batch(pp->list, n) < n) {
		/* Busy after all.  Nothing but the device was written of it. */
		pp->stopped++;
		return stock_issue(pp, qc);
	}
	if (dma)
		ap->hsm_task_state = HSM_ST_LAST;
	else
		pio_issued(qc);
	pp->issued++;
	return 0;
}

/* Was a list carried out for the interrupt of what was posted? */
static bool stood(struct pio_ata_port *pp, struct pio_standing_result *res)
{
	return pp->standing && pio_standing_take(pp->standing, res) && pp->posted &&
	       pio_ata_before(pp, 0, res->order);
}

/*
 * ata_bmdma_port_intr(), up to where it calls ata_sff_hsm_move().  If the interrupt
 * is ours and the controller done, @status is the device's.
 */
static enum pio_ata_irq dma_interrupt(struct pio_ata_port *pp,
				      struct ata_queued_cmd *qc, u8 *status)
{
	u8 cmd = qc->tf.flags & ATA_TFLAG_WRITE ? 0 : ATA_DMA_WR;
	/* Of a controller that is being taken over, or given back, the next command is stock. */
	bool now = pp->ap->ops != &pp->ops;
	struct pio_standing_result res;
	unsigned int n;
	u8 bm_status;

	if (stood(pp, &res) && !res.left) {
		pp->list[0].value = res.list[1].value;
		*status = res.list[4].value;
		return PIO_ATA_SERVED;
	}
	n = done_list(pp, pp->list, cmd, now);
	if (pio_hcall_batch(pp->list, n) < n)
		return pp->list[0].value & ATA_DMA_ERR ? PIO_ATA_DRIVER
						       : PIO_ATA_WAITS;
	*status = pp->list[n - 1].value;
	pp->left = !now;
	pp->left_cmd = cmd;
	/* What error handling finds is to be what it finds natively. */
	if (*status & (ATA_BUSY | ATA_DRQ | ATA_ERR | ATA_DF)) {
		bm_status = pp->list[0].value;
		bmdma_settle(pp);
		pp->list[0].value = bm_status;
	}
	return PIO_ATA_SERVED;
}

/* Likewise, of a command by PIO or without data. */
static enum pio_ata_irq pio_interrupt(struct pio_ata_port *pp, struct ata_queued_cmd *qc,
				      u8 *status)
{
	struct pio_standing_result res;
	unsigned int n;

	if (stood(pp, &res) && res.count - res.left >= STOOD_DONE) {
		*status = res.list[STOOD_STATUS].value;
		if (res.count == STOOD_ALL && !res.left) {
			pp->ahead = qc->nbytes;
			pp->ahead_buf = pp->data;
			pp->told = true;
			pp->told_status = res.list[STOOD_IDLE].value;
		} else if (WARN_ON_ONCE(res.count - res.left == STOOD_DATA)) {
			/* Some of the data is gone: as if the device had not made sense. */
			*status |= ATA_BUSY;
		}
		return PIO_ATA_SERVED;
	}
	n = pio_done_list(pp, pp->list);
	if (pio_hcall_batch(pp->list, n) < n)
		return PIO_ATA_WAITS;
	*status = pp->list[n - 2].value;
	return PIO_ATA_SERVED;
}

/*
 * ata_sff_check_status() and ata_sff_altstatus(), of which ata_sff_hsm_move() calls one each
 * behind the data of a read: the former for the status, the latter to wait for it.
 */
static u8 bmdma_check_status(struct ata_port *ap)
{
	struct pio_ata_port *pp = pio_ata_port(ap);

	if (!pp->told)
		pp->told_status = ata_sff_check_status(ap);
	pp->told = false;
	return pp->told_status;
}

static u8 bmdma_check_altstatus(struct ata_port *ap)
{
	struct pio_ata_port *pp = pio_ata_port(ap);

	return pp->told ? pp->told_status : ioread8(ap->ioaddr.altstatus_addr);
}

static enum pio_ata_irq port_interrupt(struct pio_ata_port *pp)
{
	struct ata_port *ap = pp->ap;
	struct ata_queued_cmd *qc = ata_qc_from_tag(ap, ap->link.active_tag);
	enum pio_ata_irq ret;
	int devno;
	u8 status;

	if (!qc || qc->tf.flags & ATA_TFLAG_POLLING)
		return PIO_ATA_NOTHING;

	if (qc->tf.protocol == ATA_PROT_DMA &&
	    ap->hsm_task_state == HSM_ST_LAST)
		ret = dma_interrupt(pp, qc, &status);
	else if ((qc->tf.protocol == ATA_PROT_PIO &&
		  (ap->hsm_task_state == HSM_ST || ap->hsm_task_state == HSM_ST_LAST)) ||
		 (qc->tf.protocol == ATA_PROT_NODATA && ap->hsm_task_state == HSM_ST_LAST))
		ret = pio_interrupt(pp, qc, &status);
	else
		return PIO_ATA_DRIVER;

	if (ret != PIO_ATA_SERVED) {
		pp->stopped++;
		return ret;
	}
	pp->completed++;
	if (unlikely(status & ATA_BUSY)) {
		/* The controller is stopped already: as __ata_sff_port_intr(). */
		qc->err_mask |= AC_ERR_HSM;
		ap->hsm_task_state = HSM_ST_ERR;
	}
	/* It may read the status anew. */
	if (!pp->told)
		pp->told_status = status;
	devno = qc->dev->devno;
	ata_sff_hsm_move(ap, qc, status, 0);
	pp->told = false;
	if (ap->hsm_task_state == HSM_ST_IDLE &&
	    !(pp->told_status & (ATA_BUSY | ATA_DRQ | ATA_ERR | ATA_DF)))
		pp->idle_dev = devno;
	if (unlikely(qc->err_mask) && qc->tf.protocol == ATA_PROT_DMA)
		ata_ehi_push_desc(&ap->link.eh_info, "BMDMA stat 0x%x",
				  (u8)pp->list[0].value);
	return PIO_ATA_SERVED;
}

/* Each channel has to be asked: as ata_bmdma_interrupt(). */
static unsigned int bmdma_interrupt(struct pio_ata_host *ph, unsigned long busy)
{
	unsigned int i, seen = 0;

	for_each_set_bit(i, &busy, ph->n_ports)
		seen |= port_interrupt(&ph->ports[i]);
	return seen;
}

/* ata_sff_data_xfer() or ata_sff_data_xfer32(), in one string call. */
static void transfer(struct pio_ata_port *pp, struct ata_queued_cmd *qc,
		     unsigned char *buf, unsigned int len, int rw)
{
	unsigned int size = data_size(pp);
	u16 port = port_of(pp->ap->ioaddr.data_addr);

	if (rw == READ)
		pio_hcall_ins(port, buf, len / size, size);
	else
		pio_hcall_outs(port, buf, len / size, size);
}

/*
 * ata_pio_sectors() asks for the sectors of a block one by one, under the port's
 * lock.  As many of them as lie behind one another in memory go in one string call;
 * the next requests find theirs done.  So do those of a block that a standing list has read.
 */
static unsigned int bmdma_data_xfer(struct ata_queued_cmd *qc,
				    unsigned char *buf, unsigned int len, int rw)
{
	struct pio_ata_port *pp = pio_ata_port(qc->ap);
	unsigned int block, rest;

	if (pp->ahead) {
		bool moved = buf != pp->ahead_buf;

		if (!WARN_ON_ONCE(len > pp->ahead || (moved && rw != READ))) {
			if (moved)
				memcpy(buf, pp->ahead_buf, len);
			pp->ahead -= len;
			pp->ahead_buf += len;
			return len;
		}
		pp->ahead = 0;
	}
	if (qc->tf.protocol != ATA_PROT_PIO || len % 4)
		return pp->stock->sff_data_xfer(qc, buf, len, rw);
	if (!is_multi_taskfile(&qc->tf) || len != qc->sect_size || !qc->cursg) {
		transfer(pp, qc, buf, len, rw);
		return len;
	}

	/* To the end of: the block, the scatterlist entry, the page. */
	block = qc->dev->multi_count * qc->sect_size;
	rest = min(qc->nbytes - qc->curbytes, block - qc->curbytes % block);
	rest = min(rest, qc->cursg->length - qc->cursg_ofs);
	rest = min_t(unsigned int, rest, PAGE_SIZE - offset_in_page(buf));
	rest -= rest % qc->sect_size;
	rest = max(rest, len);

	transfer(pp, qc, buf, rest, rw);
	pp->ahead = rest - len;
	pp->ahead_buf = buf + len;
	return len;
}

/*
 * Ports of a device that was passed through cannot be told from those of an emulated
 * one, and hardware needs the delays that lists leave out.
 */
static const char *bmdma_host_init(struct pio_ata_host *ph)
{
	if (ph->pdev->subsystem_vendor != PCI_SUBVENDOR_ID_REDHAT_QUMRANET)
		return "it is not QEMU's, so it may be hardware";
	return NULL;
}

/*
 * An interrupt for each channel: those at their legacy ports.  From there, and for ports from
 * 0x6000 on, the list device takes lists.
 */
static void bmdma_stand(struct pio_ata_host *ph)
{
	unsigned int i, j;

	for (i = 0; i < ph->n_ports && i < PIO_ATA_IRQS; i++) {
		struct pio_ata_port *pp = &ph->ports[i];

		if (!pp->ap || pp->bmdma < 0x6000 ||
		    port_of(pp->ap->ioaddr.cmd_addr) != (i ? 0x170 : 0x1f0))
			continue;
		for (j = 0; j < ph->n_irqs; j++) {
			if (ph->irqs[j] == 14 + i)
				pp->standing = pio_standing_open(PIO_LIST_SOURCE_LINE | (14 + i),
								 PIO_ATA_LIST);
		}
		if (pp->standing && pio_list_reads_strings() &&
		    pp->ops.sff_data_xfer == bmdma_data_xfer)
			pp->data = kmalloc(PIO_ATA_BLOCK, GFP_KERNEL);
	}
}

static bool bmdma_port_init(struct pio_ata_port *pp)
{
	struct ata_ioports *io = &pp->ap->ioaddr;

	/* Legacy or native, all of it in port space; and the stock ways only. */
	if (!is_port(io->bmdma_addr) || !is_port(io->cmd_addr) ||
	    !is_port(io->altstatus_addr) || !is_port(io->device_addr) ||
	    pp->stock->qc_issue != ata_bmdma_qc_issue ||
	    pp->stock->sff_tf_load != ata_sff_tf_load ||
	    pp->stock->sff_exec_command != ata_sff_exec_command ||
	    pp->stock->sff_dev_select != ata_sff_dev_select ||
	    pp->stock->sff_irq_clear != ata_bmdma_irq_clear ||
	    pp->stock->sff_check_status != ata_sff_check_status ||
	    pp->stock->sff_check_altstatus ||
	    pp->stock->bmdma_setup != ata_bmdma_setup ||
	    pp->stock->bmdma_start != ata_bmdma_start ||
	    pp->stock->bmdma_stop != ata_bmdma_stop ||
	    pp->stock->bmdma_status != ata_bmdma_status)
		return false;

	pp->bmdma = port_of(io->bmdma_addr);
	/* Drive 0 and 1 DMA capable (SFF-8038i): firmware's notes, not commands. */
	pp->bmdma_kept = ioread8(io->bmdma_addr + ATA_DMA_STATUS) & 0x60;
	pp->idle_dev = -1;
	pp->ops.qc_issue = bmdma_qc_issue;
	pp->ops.sff_check_status = bmdma_check_status;
	pp->ops.sff_check_altstatus = bmdma_check_altstatus;
	if ((pio_hcall_features & PIO_HCALL_F_STRING || pio_list_reads_strings()) &&
	    is_port(io->data_addr) &&
	    (pp->stock->sff_data_xfer == ata_sff_data_xfer32 ||
	     (pp->stock->sff_data_xfer == ata_sff_data_xfer &&
	      !(pp->ap->pflags & ATA_PFLAG_PIO32))))
		pp->ops.sff_data_xfer = bmdma_data_xfer;
	return true;
}

const struct pio_ata_driver pio_ata_bmdma = {
	.name = "ata_piix",
	.port_init = bmdma_port_init,
	.interrupt = bmdma_interrupt,
	.settle = bmdma_settle,
	.host_init = bmdma_host_init,
	.stand = bmdma_stand,
};
