/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PIO_HYPERCALL_ATA_H
#define PIO_HYPERCALL_ATA_H

#include <linux/libata.h>
#include <linux/pci.h>
#include <linux/pio_hypercall.h>
#include "../list_device.h"

/* Longest list: BMDMA issue of an LBA48 command to the other device. */
#define PIO_ATA_LIST	PIO_LIST_POST_MAX
/* Largest block of data that a standing list reads: QEMU's 16 sectors of a multiple command. */
#define PIO_ATA_BLOCK	8192

struct pio_ata_host;

/**
 * enum pio_ata_irq - what an interrupt was, to a port or to several
 * @PIO_ATA_NOTHING: nothing is expected
 * @PIO_ATA_WAITS: one is expected, but nothing has completed
 * @PIO_ATA_SERVED: it was about a port, and is done
 * @PIO_ATA_DRIVER: the driver's own handler has to look
 * @PIO_ATA_SPURIOUS: the controller says that it has no cause
 */
enum pio_ata_irq {
	PIO_ATA_NOTHING = 0,
	PIO_ATA_WAITS = 1,
	PIO_ATA_SERVED = 2,
	PIO_ATA_DRIVER = 4,
	PIO_ATA_SPURIOUS = 8,
};

/**
 * struct pio_ata_port - a port whose requests travel as lists
 * @ops:	what libata calls: those of the driver, but for the overridden
 * @stock:	those of the driver
 * @host:	the controller
 * @ap:		the port
 * @list:	the list being made; under ap->lock
 * @bmdma:	BMDMA: I/O port of the BMDMA registers
 * @bmdma_kept:	BMDMA: status bits that a write has to keep
 * @left:	BMDMA: a command that has ended is yet to be stopped, its interrupt to be
 *		cleared
 * @left_cmd:	BMDMA: what to stop it by
 * @idle_dev:	BMDMA: number of the device that is selected and was seen idle at
 *		the end of the last command, -1 if not known
 * @ahead:	BMDMA: bytes of @ahead_buf that were transferred before sff_data_xfer
 *		was asked to
 * @ahead_buf:	BMDMA: where they lie
 * @data:	BMDMA: where standing lists read data to, NULL: they do not
 * @told:	BMDMA: @told_status is what the next look at the device's status will find
 * @told_status: BMDMA: the status when it was looked at last, within an interrupt
 * @standing:	lists of its interrupt that stand, NULL: none can; AHCI: the host's
 * @posted:	commands (a bit each) that were posted, of those under way
 * @order:	and the place of each in the order of posted lists
 * @commands:	AHCI: PxCLB, where the driver's command list is
 * @seen:	AHCI: the driver's own qc_issue has run and set its active link
 * @issued:	commands issued by a list
 * @completed:	interrupts served by a list
 * @stopped:	lists that a CHECK stopped: left to the driver's own code
 */
struct pio_ata_port {
	struct ata_port_operations ops;
	struct ata_port_operations *stock;
	struct pio_ata_host *host;
	struct ata_port *ap;
	struct pio_hcall_access *list;
	u16 bmdma;
	u8 bmdma_kept;
	bool left;
	u8 left_cmd;
	int idle_dev;
	unsigned int ahead;
	unsigned char *ahead_buf;
	unsigned char *data;
	bool told;
	u8 told_status;
	struct pio_standing *standing;
	u32 posted;
	u32 order[ATA_MAX_QUEUE];
	u32 commands;
	bool seen;
	unsigned long issued;
	unsigned long completed;
	unsigned long stopped;
};

/**
 * struct pio_ata_driver - a way of converting the controllers of a driver
 * @name:	of the PCI driver
 * @port_init:	fills in what is ours of @ops; false: leave the port alone
 * @interrupt:	serves those of the ports (a bit each) that have commands and are quiet,
 *		under host->lock; returns bits of enum pio_ata_irq
 * @settle:	does what lists have left undone, before anybody else accesses the port;
 *		under ap->lock.  NULL: they leave nothing
 * @host_init:	NULL, or the reason why the controller is left alone
 * @host_exit:	undoes @host_init
 * @stand:	opens queues for standing lists, if there can be any; NULL: never
 * @announces:	after @host_init the driver's own accesses are calls, with or without lists
 */
struct pio_ata_driver {
	const char *name;
	bool (*port_init)(struct pio_ata_port *pp);
	unsigned int (*interrupt)(struct pio_ata_host *ph, unsigned long busy);
	void (*settle)(struct pio_ata_port *pp);
	const char *(*host_init)(struct pio_ata_host *ph);
	void (*host_exit)(struct pio_ata_host *ph);
	void (*stand)(struct pio_ata_host *ph);
	bool announces;
};

/* Legacy channels have an interrupt each. */
#define PIO_ATA_IRQS	2

/**
 * struct pio_ata_host - a converted controller
 * @node:	in the list of host.c
 * @pdev:	the device
 * @host:	libata's host of it
 * @driver:	how it was converted
 * @irqs:	interrupts that were taken over
 * @handler:	the driver's handler of each
 * @irq_flags:	flags of each
 * @irq_name:	name of each
 * @n_irqs:	how many
 * @threaded:	one of its interrupts has a thread, and was not
 * @standing:	AHCI: lists that stand for its interrupt, NULL: none can
 * @stood:	AHCI: lists that have stood since @in_use was looked at
 * @in_use:	AHCI: ports (a bit each) that they are for
 * @used:	AHCI: ports that a command was issued to meanwhile
 * @plain:	AHCI: of @in_use, those with commands that are not queued
 * @flushed:	AHCI: of @used, the same
 * @repeats:	AHCI: interrupts in a row that were about nothing new
 * @waited:	interrupts in a row that served some port while another waited
 * @mmio:	AHCI: mapping of the registers
 * @gpa:	AHCI: guest-physical address of them
 * @list:	AHCI: the list of an interrupt, PIO_HCALL_BATCH_MAX elements
 * @n_ports:	how many @ports
 * @ports:	one for each of libata's; without @ap where not converted
 */
struct pio_ata_host {
	struct list_head node;
	struct pci_dev *pdev;
	struct ata_host *host;
	const struct pio_ata_driver *driver;
	unsigned int irqs[PIO_ATA_IRQS];
	irq_handler_t handler[PIO_ATA_IRQS];
	unsigned long irq_flags[PIO_ATA_IRQS];
	const char *irq_name[PIO_ATA_IRQS];
	unsigned int n_irqs;
	bool threaded;
	struct pio_standing *standing;
	unsigned int stood;
	u32 in_use;
	u32 used;
	u32 plain;
	u32 flushed;
	unsigned int repeats;
	unsigned int waited;
	void __iomem *mmio;
	phys_addr_t gpa;
	struct pio_hcall_access *list;
	unsigned int n_ports;
	struct pio_ata_port ports[];
};

int pio_ata_init(void);
void pio_ata_exit(void);

extern const struct pio_ata_driver pio_ata_bmdma;
extern const struct pio_ata_driver pio_ata_ahci;

static inline struct pio_ata_port *pio_ata_port(struct ata_port *ap)
{
	return container_of(ap->ops, struct pio_ata_port, ops);
}

/* Nothing of libata's error handling is under way, or about to be. */
static inline bool pio_ata_quiet(struct ata_port *ap)
{
	return !(ap->pflags & (ATA_PFLAG_EH_PENDING | ATA_PFLAG_EH_IN_PROGRESS |
			       ATA_PFLAG_FROZEN | ATA_PFLAG_RESETTING));
}

/*
 * Was command @tag under way when a list of that @order began?  If it was not posted, who
 * knows.
 */
static inline bool pio_ata_before(struct pio_ata_port *pp, unsigned int tag, u32 order)
{
	return (s32)(order - pp->order[tag]) >= 0;
}

/* Of commands without data those that file systems wait for. */
static inline bool pio_ata_is_flush(const struct ata_taskfile *tf)
{
	return tf->protocol == ATA_PROT_NODATA &&
	       (tf->command == ATA_CMD_FLUSH || tf->command == ATA_CMD_FLUSH_EXT);
}

static inline void pio_ata_add(struct pio_hcall_access *list, unsigned int *n,
			       u8 op, u8 space, u8 size, u64 addr, u32 value)
{
	list[(*n)++] = (struct pio_hcall_access) {
		.op = op,
		.space = space,
		.size = size,
		.addr = addr,
		.value = value,
	};
}

#endif /* PIO_HYPERCALL_ATA_H */
