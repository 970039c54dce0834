// SPDX-License-Identifier: GPL-2.0
/*
 * pio_diff - random register accesses to an IDE and an AHCI controller, natively or
 * by BATCH, and what they have read
 *
 * Two guests with fresh controllers run it with the same seed, one in each mode: the
 * same lines in the kernel log mean that every read was the same, and so is what is
 * left in the registers.  Lists are made without looking at results, and a native
 * one stops where a CHECK would, so both modes make the same accesses.
 *
 * No driver may be bound to the controllers.  What would start something that ends
 * at a time of its own (DMA, commands that read the medium, SRST) is left out.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpufeature.h>
#include <linux/crc32.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pio_hypercall.h>
#include <linux/prandom.h>
#include <linux/slab.h>

static bool batch;
module_param(batch, bool, 0);
MODULE_PARM_DESC(batch, "by BATCH; else by instructions");
static uint seed = 1;
module_param(seed, uint, 0);
MODULE_PARM_DESC(seed, "of the random sequence");
static uint lists = 2000;
module_param(lists, uint, 0);
MODULE_PARM_DESC(lists, "how many lists, of 1 to 64 accesses");

static struct rnd_state rnd;
static struct pio_hcall_access *list;
static void __iomem *ahci;
static u64 ahci_gpa;
static u16 bmdma;

static u32 below(u32 n)
{
	return prandom_u32_state(&rnd) % n;
}

#define pick(table)	((table)[below(ARRAY_SIZE(table))])

/* A command that ends at once, whatever the other registers hold. */
static u8 sync_command(void)
{
	static const u8 commands[] = {
		0x00,	/* NOP */
		0x90,	/* EXECUTE DEVICE DIAGNOSTIC */
		0x91,	/* INITIALIZE DEVICE PARAMETERS */
		0xc6,	/* SET MULTIPLE MODE */
		0xe5,	/* CHECK POWER MODE */
		0xec,	/* IDENTIFY DEVICE */
		0xf8,	/* READ NATIVE MAX ADDRESS */
	};

	return pick(commands);
}

static void make_ide(struct pio_hcall_access *e)
{
	static const u16 readable[] = {
		0x1f1, 0x1f2, 0x1f3, 0x1f4, 0x1f5, 0x1f6, 0x1f7, 0x3f6,
	};
	static const u8 control[] = { 0x08, 0x0a, 0x88, 0x8a };

	e->space = PIO_HCALL_SPACE_PIO;
	e->size = 1;
	switch (below(8)) {
	case 0:			/* data, of IDENTIFY if any */
		e->addr = 0x1f0;
		e->size = below(2) ? 2 : 4;
		break;
	case 1:
		e->op = PIO_HCALL_OP_WRITE;
		e->addr = below(4) ? 0x1f7 : 0x3f6;
		e->value = e->addr == 0x1f7 ? sync_command() : pick(control);
		break;
	case 2:
	case 3:
		e->op = PIO_HCALL_OP_WRITE;
		e->addr = 0x1f1 + below(6);
		e->value = prandom_u32_state(&rnd) & 0xff;
		break;
	case 4:			/* BMDMA status: write 1 to clear */
		e->op = below(2) ? PIO_HCALL_OP_WRITE_BACK : PIO_HCALL_OP_WRITE;
		e->addr = bmdma + 2;
		e->value = prandom_u32_state(&rnd) & 0xff;
		break;
	case 5:			/* PRD address, or direction without start */
		e->op = below(2) ? PIO_HCALL_OP_WRITE : PIO_HCALL_OP_READ;
		e->size = below(2) ? 4 : 1;
		e->addr = e->size == 4 ? bmdma + 4 : bmdma;
		e->value = e->size == 4 ? prandom_u32_state(&rnd) : below(2) << 3;
		break;
	default:
		e->addr = pick(readable);
	}
}

static void make_ahci(struct pio_hcall_access *e)
{
	static const u16 host[] = { 0x00, 0x04, 0x08, 0x0c, 0x10 };
	static const u16 port_read[] = {
		0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28,
		0x2c, 0x30, 0x34, 0x38,
	};
	static const u16 port_write[] = {
		0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x30, 0x34, 0x38,
	};
	u32 port = 0x100 + below(6) * 0x80;

	e->space = PIO_HCALL_SPACE_MMIO;
	e->size = 4;
	e->value = prandom_u32_state(&rnd);
	switch (below(6)) {
	case 0:
		e->addr = pick(host);
		break;
	case 1:
		e->op = PIO_HCALL_OP_WRITE;
		e->addr = 0x08;
		break;
	case 2:			/* PxIS */
		e->op = PIO_HCALL_OP_WRITE_BACK;
		e->addr = port + 0x10;
		break;
	case 3:			/* PxSCTL: begin and end of a reset */
		e->op = PIO_HCALL_OP_WRITE;
		e->addr = port + 0x2c;
		e->value = 0x300 + below(2);
		break;
	case 4:
		e->op = PIO_HCALL_OP_WRITE;
		e->addr = port + pick(port_write);
		break;
	default:
		e->addr = port + pick(port_read);
	}
	e->addr += ahci_gpa;
}

static void make(struct pio_hcall_access *e)
{
	memset(e, 0, sizeof(*e));
	e->op = PIO_HCALL_OP_READ;
	if (below(2))
		make_ide(e);
	else
		make_ahci(e);
	/* One read in 16 decides whether the list goes on. */
	if (e->op == PIO_HCALL_OP_READ && !below(16)) {
		e->op = PIO_HCALL_OP_CHECK;
		e->mask = BIT(below(8)) | BIT(below(8));
		e->want = e->mask & prandom_u32_state(&rnd);
	}
	if (e->op != PIO_HCALL_OP_WRITE)
		e->value = 0;
}

static u64 native_read(const struct pio_hcall_access *e)
{
	if (e->space == PIO_HCALL_SPACE_MMIO)
		return readl(ahci + (e->addr - ahci_gpa));
	switch (e->size) {
	case 1:
		return inb(e->addr);
	case 2:
		return inw(e->addr);
	default:
		return inl(e->addr);
	}
}

static void native_write(const struct pio_hcall_access *e)
{
	if (e->space == PIO_HCALL_SPACE_MMIO)
		writel(e->value, ahci + (e->addr - ahci_gpa));
	else if (e->size == 1)
		outb(e->value, e->addr);
	else
		outl(e->value, e->addr);
}

static u32 run_native(u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		struct pio_hcall_access *e = &list[i];

		if (e->op != PIO_HCALL_OP_WRITE)
			e->value = native_read(e);
		if (e->op == PIO_HCALL_OP_WRITE || e->op == PIO_HCALL_OP_WRITE_BACK)
			native_write(e);
		if (e->op == PIO_HCALL_OP_CHECK &&
		    ((u32)e->value & e->mask) != e->want)
			break;
	}
	return i;
}

static int run_batch(u32 count, u32 *done)
{
	unsigned long rdx = virt_to_phys(list), rsi = count;
	long status;

	if (boot_cpu_has(X86_FEATURE_VMMCALL))
		asm volatile("vmmcall" : "=a" (status), "+d" (rdx), "+S" (rsi)
			     : "a" (PIO_HCALL_BATCH), "b" (0), "c" (0) : "memory");
	else
		asm volatile("vmcall" : "=a" (status), "+d" (rdx), "+S" (rsi)
			     : "a" (PIO_HCALL_BATCH), "b" (0), "c" (0) : "memory");
	*done = count - rsi;
	return status;
}

static int run(void)
{
	u32 crc = ~0, accesses = 0, stops = 0, n, i, done;
	int err;

	for (n = 0; n < lists; n++) {
		u32 count = 1 + below(PIO_HCALL_BATCH_MAX);

		cond_resched();
		for (i = 0; i < count; i++)
			make(&list[i]);
		done = 0;
		if (!batch) {
			done = run_native(count);
		} else {
			err = run_batch(count, &done);
			if (err) {
				pr_err("list %u: status %d\n", n, err);
				return -EIO;
			}
		}
		stops += done < count;
		accesses += done + (done < count);
		crc = crc32_le(crc, (u8 *)&done, sizeof(done));
		for (i = 0; i < count; i++)
			crc = crc32_le(crc, (u8 *)&list[i].value,
				       sizeof(list[i].value));
		if (n % (lists / 10) == 0 || n == lists - 1)
			pr_info("list %u: %u accesses, %u stops, crc %08x\n", n,
				accesses, stops, crc);
	}
	return 0;
}

/*
 * What the firmware leaves is not the same in each boot: PxCLB and PxFB are where it had
 * memory to spare.  And it leaves the engine of a port with a disk running (PxCMD.ST): what is
 * written to PxCI would carry out what it left there as commands, which end when they like.
 */
static void forget_firmware(void)
{
	u32 port, i, cmd;

	for (port = 0; port < 6; port++) {
		void __iomem *regs = ahci + 0x100 + port * 0x80;

		cmd = readl(regs + 0x18) & ~BIT(0);	/* PxCMD.ST */
		writel(cmd, regs + 0x18);
		writel(cmd & ~BIT(4), regs + 0x18);	/* FRE */
		for (i = 0; i < 0x10; i += 4)		/* PxCLB, PxCLBU, PxFB, PxFBU */
			writel(0, regs + i);
	}
	outl(0, bmdma + 4);				/* PRD address */
}

/* The registers as they were left, read natively in either mode. */
static void show_state(void)
{
	u32 i, port;

	for (i = 0x1f1; i <= 0x1f7; i++)
		pr_info("state: port %x: %02x\n", i, inb(i));
	pr_info("state: bmdma: %02x %02x %08x\n", inb(bmdma), inb(bmdma + 2),
		inl(bmdma + 4));
	for (i = 0; i < 0x14; i += 4)
		pr_info("state: ahci %02x: %08x\n", i, readl(ahci + i));
	for (port = 0; port < 6; port++) {
		for (i = 0; i < 0x40; i += 4)
			pr_info("state: ahci port %u %02x: %08x\n", port, i,
				readl(ahci + 0x100 + port * 0x80 + i));
	}
}

static int __init pio_diff_init(void)
{
	struct pci_dev *ide, *sata;
	int err = -ENODEV;
	u16 command;

	ide = pci_get_class(PCI_CLASS_STORAGE_IDE << 8 | 0x80, NULL);
	sata = pci_get_class(PCI_CLASS_STORAGE_SATA_AHCI, NULL);
	if (!ide || !sata || ide->driver || sata->driver) {
		pr_err("no IDE or AHCI controller without a driver\n");
		goto put;
	}
	pci_read_config_word(ide, PCI_COMMAND, &command);
	pci_write_config_word(ide, PCI_COMMAND, command | PCI_COMMAND_IO);
	pci_read_config_word(sata, PCI_COMMAND, &command);
	pci_write_config_word(sata, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
	bmdma = pci_resource_start(ide, 4);
	ahci_gpa = pci_resource_start(sata, 5);
	err = -ENOMEM;
	ahci = ioremap(ahci_gpa, pci_resource_len(sata, 5));
	list = kcalloc(PIO_HCALL_BATCH_MAX, sizeof(*list), GFP_KERNEL);
	if (ahci && list) {
		pr_info("seed %u\n", seed);
		prandom_seed_state(&rnd, seed);
		forget_firmware();
		err = run();
		show_state();
	}
	kfree(list);
	if (ahci)
		iounmap(ahci);
put:
	pci_dev_put(ide);
	pci_dev_put(sata);
	return err;
}

static void __exit pio_diff_exit(void)
{
}

module_init(pio_diff_init);
module_exit(pio_diff_exit);
MODULE_DESCRIPTION("random register accesses, natively or by list");

MODULE_LICENSE("GPL");
