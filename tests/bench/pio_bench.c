// SPDX-License-Identifier: GPL-2.0
/*
 * What port I/O, MMIO and disk reads cost a guest, in ticks of its TSC.
 *
 *	insmod pio_bench.ko [disks=NAME:/dev/DISK,...]
 *
 * Loading the module measures; /sys/kernel/debug/pio_bench then has one JSON
 * object per operation.  Where a tick is an instruction (the testbed's
 * deterministic machines; "tsc" tells) the figures are exact: all that the
 * guest, KVM and the VMM execute for the operation.
 *
 * Each operation is done in up to three ways: "native", by the instruction;
 * "hypercall", by the call in line; "kernel", by inb() and its like as this
 * kernel compiles them, or by the driver of a disk.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/debugfs.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pio_hypercall.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <uapi/linux/kvm_para.h>
#include <asm/kvm_para.h>
#include <asm/tsc.h>

/* Port 0x80 (POST codes) and the IDE ports belong to devices of QEMU. */
#define PORT_QEMU	0x80
#define PORT_IDE_DATA	0x170	/* no transfer under way: reads 0, ignores writes */
#define PORT_IDE_NSECT	0x172	/* counts once there is a command */
#define PORT_IDE_FEATURE	0x171
#define PORT_IDE_DEVICE	0x176	/* selects the one that is */
#define PORT_IDE_STATUS	0x177
#define PORT_IDE_ALTSTATUS	0x376
#define PORT_LSR	0x3fd	/* line status of a serial port, which a VMM may mirror */
#define PORT_PCI_ADDR	0xcf8	/* only read */
/* The PIT is in KVM; channel 2 drives the speaker. */
#define PORT_PIT	0x42
#define PORT_PIT_MODE	0x43
#define PIT_CH2_LSB	0x90	/* one byte per access, so that all are alike */

/* The same channel's bus master: idle, for its disk has no DMA; 0 starts and clears nothing. */
#define BMDMA_BAR	4
#define BMDMA_COMMAND	0x8
#define BMDMA_STATUS	0xa
#define BMDMA_PRD	0xc

/* Registers of a device of QEMU's; no disk is at that port. */
#define AHCI_BAR	5
#define AHCI_CAP	0x00
#define AHCI_PORT5_SERR	(0x100 + 5 * 0x80 + 0x30)	/* writing 0 clears nothing */
/* The I/O APIC is in KVM; users write its index before each access. */
#define IOAPIC_INDEX	0xfec00000

#define HCALL_NOBODYS	0x12345678

/* Batches that take longer are likely to be hit by the host's timer tick. */
#define BATCH_TICKS	1000000
#define MAX_ITERATIONS	8192
#define BATCHES		12

/*
 * Disk reads are counted in groups, as now and then one is hit by what else the host
 * does.  The first cost up to a fifth more.
 */
#define GROUP_READS	16
#define GROUPS_WARM	8
#define GROUPS_MAX	64
#define READ_BYTES	4096
#define DISKS		8

/* Where an operation is done, and with how many elements if it has any. */
struct where {
	unsigned long addr;
	unsigned int count;
};

static char *disks[DISKS];
static int n_disks;
module_param_array(disks, charp, &n_disks, 0444);
MODULE_PARM_DESC(disks, "disks to read from, each with a name for its figure");

static void *string_buf;
static struct pio_hcall_access *list;
static void __iomem *mmio;	/* the register of the operation being measured */

static __always_inline long hcall(u32 nr, unsigned long rbx, unsigned long rcx,
				  unsigned long rdx, unsigned long rsi)
{
	long status;

	asm volatile(KVM_HYPERCALL
		     : "=a" (status), "+d" (rdx), "+S" (rsi)
		     : "a" ((unsigned long)nr), "b" (rbx), "c" (rcx)
		     : "memory");
	return status;
}

/*
 * The loops: @n times the operation.  They return the status of the last call,
 * or 0.  Whatever is not the operation comes to the two instructions that
 * loop_empty() has, give or take a register to load.
 */
static noinline long loop_empty(unsigned long n, struct where at)
{
	asm volatile("1: dec %0; jnz 1b" : "+r" (n));
	return 0;
}

static noinline long loop_cpuid(unsigned long n, struct where at)
{
	for (; n; n--) {
		u32 eax = 0, ecx = 0;

		asm volatile("cpuid" : "+a" (eax), "+c" (ecx) : : "ebx", "edx");
	}
	return 0;
}

static noinline long loop_hcall_unknown(unsigned long n, struct where at)
{
	long status = 0;

	for (; n; n--)
		status = hcall(HCALL_NOBODYS, 0, 0, 0, 0);
	return status;
}

static noinline long loop_hcall_probe(unsigned long n, struct where at)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_PROBE, 0, 0, 0, 0);
	return status;
}

static noinline long loop_in8_native(unsigned long n, struct where at)
{
	u8 value;

	for (; n; n--)
		asm volatile("inb %w1, %b0" : "=a" (value) : "d" ((u16)at.addr));
	return 0;
}

static noinline long loop_in8_hcall(unsigned long n, struct where at)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_IN, at.addr, 1, 0, 0);
	return status;
}

static noinline long loop_in8_kernel(unsigned long n, struct where at)
{
	for (; n; n--)
		inb(at.addr);
	return 0;
}

static noinline long loop_in32_native(unsigned long n, struct where at)
{
	u32 value;

	for (; n; n--)
		asm volatile("inl %w1, %0" : "=a" (value) : "d" ((u16)at.addr));
	return 0;
}

static noinline long loop_in32_hcall(unsigned long n, struct where at)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_IN, at.addr, 4, 0, 0);
	return status;
}

static noinline long loop_in32_kernel(unsigned long n, struct where at)
{
	for (; n; n--)
		inl(at.addr);
	return 0;
}

static noinline long loop_out8_native(unsigned long n, struct where at)
{
	u8 value = 0xff;

	for (; n; n--)
		asm volatile("outb %b0, %w1" : : "a" (value), "d" ((u16)at.addr));
	return 0;
}

static noinline long loop_out8_zero(unsigned long n, struct where at)
{
	u8 value = 0;

	for (; n; n--)
		asm volatile("outb %b0, %w1" : : "a" (value), "d" ((u16)at.addr));
	return 0;
}

static noinline long loop_out8_hcall(unsigned long n, struct where at)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_OUT, at.addr, 1, 0xff, 0);
	return status;
}

static noinline long loop_out8_kernel(unsigned long n, struct where at)
{
	for (; n; n--)
		outb(0xff, at.addr);
	return 0;
}

/* The ACPI timer cannot be written. */
static noinline long loop_out32_native(unsigned long n, struct where at)
{
	u32 value = 0;

	for (; n; n--)
		asm volatile("outl %0, %w1" : : "a" (value), "d" ((u16)at.addr));
	return 0;
}

static noinline long loop_out32_hcall(unsigned long n, struct where at)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_OUT, at.addr, 4, 0, 0);
	return status;
}

static noinline long loop_out32_kernel(unsigned long n, struct where at)
{
	for (; n; n--)
		outl(0, at.addr);
	return 0;
}

/*
 * A string instruction of @bits and suffix @bwl: REP INS fills string_buf, REP OUTS
 * empties it.  @reg is where the instruction has the buffer's address.
 */
#define STRING_LOOPS(dir, DIR, bits, bwl, reg)					\
static noinline long loop_##dir##bits##_native(unsigned long n, struct where at) \
{										\
	for (; n; n--) {							\
		unsigned long count = at.count;					\
		void *addr = string_buf;					\
										\
		asm volatile("rep; " #dir #bwl : reg (addr), "+c" (count)	\
			     : "d" ((u16)at.addr) : "memory");			\
	}									\
	return 0;								\
}										\
										\
static noinline long loop_##dir##bits##_hcall(unsigned long n, struct where at)	\
{										\
	unsigned long gpa = virt_to_phys(string_buf);				\
	long status = 0;							\
										\
	for (; n; n--)								\
		status = hcall(PIO_HCALL_##DIR, at.addr, (bits) / 8, gpa,	\
			       at.count);					\
	return status;								\
}										\
										\
static noinline long loop_##dir##bits##_kernel(unsigned long n, struct where at) \
{										\
	for (; n; n--)								\
		dir##bwl(at.addr, string_buf, at.count);			\
	return 0;								\
}

STRING_LOOPS(ins, INS, 16, w, "+D")
STRING_LOOPS(ins, INS, 32, l, "+D")
STRING_LOOPS(outs, OUTS, 16, w, "+S")
STRING_LOOPS(outs, OUTS, 32, l, "+S")

static noinline long loop_mmio_read32_native(unsigned long n, struct where at)
{
	for (; n; n--)
		readl(mmio);
	return 0;
}

static noinline long loop_mmio_read32_hcall(unsigned long n, struct where at)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_READ, at.addr, 4, 0, 0);
	return status;
}

static noinline long loop_mmio_write32_native(unsigned long n, struct where at)
{
	for (; n; n--)
		writel(0, mmio);
	return 0;
}

static noinline long loop_mmio_write32_hcall(unsigned long n, struct where at)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_WRITE, at.addr, 4, 0, 0);
	return status;
}

static noinline long loop_list_in8_native(unsigned long n, struct where at)
{
	unsigned int i;
	u8 value;

	for (; n; n--) {
		for (i = 0; i < at.count; i++)
			asm volatile("inb %w1, %b0"
				     : "=a" (value) : "d" ((u16)at.addr));
	}
	return 0;
}

static noinline long loop_list_out8_native(unsigned long n, struct where at)
{
	unsigned int i;
	u8 value = 1;

	for (; n; n--) {
		for (i = 0; i < at.count; i++)
			asm volatile("outb %b0, %w1"
				     : : "a" (value), "d" ((u16)at.addr));
	}
	return 0;
}

/* With making the list, as whoever has one to carry out must. */
static __always_inline long loop_list(unsigned long n, struct where at, u8 op)
{
	long status = 0;
	unsigned int i;

	for (; n; n--) {
		for (i = 0; i < at.count; i++)
			list[i] = (struct pio_hcall_access) {
				.op = op,
				.space = PIO_HCALL_SPACE_PIO,
				.size = 1,
				.addr = at.addr,
				.value = 1,
			};
		status = hcall(PIO_HCALL_BATCH, 0, 0, virt_to_phys(list),
			       at.count);
	}
	return status;
}

static noinline long loop_list_in8_hcall(unsigned long n, struct where at)
{
	return loop_list(n, at, PIO_HCALL_OP_READ);
}

static noinline long loop_list_out8_hcall(unsigned long n, struct where at)
{
	return loop_list(n, at, PIO_HCALL_OP_WRITE);
}

/* What @at.addr of an operation is relative to. */
enum base {
	PORT,		/* 0 */
	ACPI_TIMER,	/* a port of QEMU's: writes have no effect */
	MMIO,		/* 0 */
	AHCI,		/* registers of the AHCI controller */
	BMDMA,		/* the IDE controller's bus master registers */
};

/**
 * struct operation - one operation, done in one way
 * @name:	names the operation
 * @way:	names the way
 * @loop:	does it
 * @at:		where
 * @base:	what that is relative to
 * @status:	what the host must answer
 * @centiticks:	result: hundredths of a tick for one operation, 0 if the host
 *		does not know the call
 * @iterations:	in the batches it comes from
 * @stable:	half as many iterations gave the same figure
 */
struct operation {
	const char *name;
	const char *way;
	long (*loop)(unsigned long n, struct where at);
	struct where at;
	enum base base;
	long status;
	u64 centiticks;
	unsigned long iterations;
	bool stable;
};

static struct operation operations[] = {
	{ "tsc", "native", loop_empty },
	{ "cpuid", "native", loop_cpuid },
	{ "hcall_unknown", "hypercall", loop_hcall_unknown, .status = -KVM_ENOSYS },
	{ "hcall_probe", "hypercall", loop_hcall_probe },
	{ "in8_qemu", "native", loop_in8_native, { PORT_QEMU } },
	{ "in8_qemu", "hypercall", loop_in8_hcall, { PORT_QEMU } },
	{ "in8_qemu", "kernel", loop_in8_kernel, { PORT_QEMU } },
	{ "out8_qemu", "native", loop_out8_native, { PORT_QEMU } },
	{ "out8_qemu", "hypercall", loop_out8_hcall, { PORT_QEMU } },
	{ "out8_qemu", "kernel", loop_out8_kernel, { PORT_QEMU } },
	{ "in32_qemu", "native", loop_in32_native, { PORT_PCI_ADDR } },
	{ "in32_qemu", "hypercall", loop_in32_hcall, { PORT_PCI_ADDR } },
	{ "in32_qemu", "kernel", loop_in32_kernel, { PORT_PCI_ADDR } },
	{ "out32_qemu", "native", loop_out32_native, { 0 }, ACPI_TIMER },
	{ "out32_qemu", "hypercall", loop_out32_hcall, { 0 }, ACPI_TIMER },
	{ "out32_qemu", "kernel", loop_out32_kernel, { 0 }, ACPI_TIMER },
	{ "in8_kvm", "native", loop_in8_native, { PORT_PIT } },
	{ "in8_kvm", "hypercall", loop_in8_hcall, { PORT_PIT } },
	{ "in8_kvm", "kernel", loop_in8_kernel, { PORT_PIT } },
	{ "out8_kvm", "native", loop_out8_native, { PORT_PIT } },
	{ "out8_kvm", "hypercall", loop_out8_hcall, { PORT_PIT } },
	{ "out8_kvm", "kernel", loop_out8_kernel, { PORT_PIT } },
	{ "in8_mirror", "native", loop_in8_native, { PORT_LSR } },
	{ "in8_mirror", "hypercall", loop_in8_hcall, { PORT_LSR } },
	{ "ins16x256_qemu", "native", loop_ins16_native, { PORT_IDE_DATA, 256 } },
	{ "ins16x256_qemu", "hypercall", loop_ins16_hcall, { PORT_IDE_DATA, 256 } },
	{ "ins16x256_qemu", "kernel", loop_ins16_kernel, { PORT_IDE_DATA, 256 } },
	{ "outs16x256_qemu", "native", loop_outs16_native, { PORT_IDE_DATA, 256 } },
	{ "outs16x256_qemu", "hypercall", loop_outs16_hcall, { PORT_IDE_DATA, 256 } },
	{ "outs16x256_qemu", "kernel", loop_outs16_kernel, { PORT_IDE_DATA, 256 } },
	{ "ins32x128_qemu", "native", loop_ins32_native, { PORT_IDE_DATA, 128 } },
	{ "ins32x128_qemu", "hypercall", loop_ins32_hcall, { PORT_IDE_DATA, 128 } },
	{ "ins32x128_qemu", "kernel", loop_ins32_kernel, { PORT_IDE_DATA, 128 } },
	{ "ins32x1024_qemu", "native", loop_ins32_native, { PORT_IDE_DATA, 1024 } },
	{ "ins32x1024_qemu", "hypercall", loop_ins32_hcall, { PORT_IDE_DATA, 1024 } },
	{ "ins32x1024_qemu", "kernel", loop_ins32_kernel, { PORT_IDE_DATA, 1024 } },
	{ "outs32x128_qemu", "native", loop_outs32_native, { PORT_IDE_DATA, 128 } },
	{ "outs32x128_qemu", "hypercall", loop_outs32_hcall, { PORT_IDE_DATA, 128 } },
	{ "outs32x128_qemu", "kernel", loop_outs32_kernel, { PORT_IDE_DATA, 128 } },
	{ "outs32x1024_qemu", "native", loop_outs32_native, { PORT_IDE_DATA, 1024 } },
	{ "outs32x1024_qemu", "hypercall", loop_outs32_hcall, { PORT_IDE_DATA, 1024 } },
	{ "outs32x1024_qemu", "kernel", loop_outs32_kernel, { PORT_IDE_DATA, 1024 } },
	{ "mmio_read32_qemu", "native", loop_mmio_read32_native, { AHCI_CAP }, AHCI },
	{ "mmio_read32_qemu", "hypercall", loop_mmio_read32_hcall, { AHCI_CAP }, AHCI },
	{ "mmio_write32_qemu", "native", loop_mmio_write32_native, { AHCI_PORT5_SERR }, AHCI },
	{ "mmio_write32_qemu", "hypercall", loop_mmio_write32_hcall, { AHCI_PORT5_SERR }, AHCI },
	{ "mmio_read32_kvm", "native", loop_mmio_read32_native, { IOAPIC_INDEX }, MMIO },
	{ "mmio_read32_kvm", "hypercall", loop_mmio_read32_hcall, { IOAPIC_INDEX }, MMIO },
	{ "mmio_write32_kvm", "native", loop_mmio_write32_native, { IOAPIC_INDEX }, MMIO },
	{ "mmio_write32_kvm", "hypercall", loop_mmio_write32_hcall, { IOAPIC_INDEX }, MMIO },
	{ "batch1_in8_qemu", "native", loop_list_in8_native, { PORT_IDE_NSECT, 1 } },
	{ "batch1_in8_qemu", "hypercall", loop_list_in8_hcall, { PORT_IDE_NSECT, 1 } },
	{ "batch4_in8_qemu", "native", loop_list_in8_native, { PORT_IDE_NSECT, 4 } },
	{ "batch4_in8_qemu", "hypercall", loop_list_in8_hcall, { PORT_IDE_NSECT, 4 } },
	{ "batch16_in8_qemu", "native", loop_list_in8_native, { PORT_IDE_NSECT, 16 } },
	{ "batch16_in8_qemu", "hypercall", loop_list_in8_hcall, { PORT_IDE_NSECT, 16 } },
	{ "batch64_in8_qemu", "native", loop_list_in8_native, { PORT_IDE_NSECT, 64 } },
	{ "batch64_in8_qemu", "hypercall", loop_list_in8_hcall, { PORT_IDE_NSECT, 64 } },
	{ "batch1_out8_qemu", "native", loop_list_out8_native, { PORT_IDE_NSECT, 1 } },
	{ "batch1_out8_qemu", "hypercall", loop_list_out8_hcall, { PORT_IDE_NSECT, 1 } },
	{ "batch4_out8_qemu", "native", loop_list_out8_native, { PORT_IDE_NSECT, 4 } },
	{ "batch4_out8_qemu", "hypercall", loop_list_out8_hcall, { PORT_IDE_NSECT, 4 } },
	{ "batch16_out8_qemu", "native", loop_list_out8_native, { PORT_IDE_NSECT, 16 } },
	{ "batch16_out8_qemu", "hypercall", loop_list_out8_hcall, { PORT_IDE_NSECT, 16 } },
	{ "batch64_out8_qemu", "native", loop_list_out8_native, { PORT_IDE_NSECT, 64 } },
	{ "batch64_out8_qemu", "hypercall", loop_list_out8_hcall, { PORT_IDE_NSECT, 64 } },
	/* Each register of an IDE request, for tests/experiments. */
	{ "in8_ide_status", "native", loop_in8_native, { PORT_IDE_STATUS } },
	{ "in8_ide_altstatus", "native", loop_in8_native, { PORT_IDE_ALTSTATUS } },
	{ "in8_ide_device", "native", loop_in8_native, { PORT_IDE_DEVICE } },
	{ "out8_ide_feature", "native", loop_out8_native, { PORT_IDE_FEATURE } },
	{ "out8_ide_count", "native", loop_out8_native, { PORT_IDE_NSECT } },
	{ "out8_ide_device", "native", loop_out8_zero, { PORT_IDE_DEVICE } },
	{ "in8_bmdma_command", "native", loop_in8_native, { BMDMA_COMMAND }, BMDMA },
	{ "in8_bmdma_status", "native", loop_in8_native, { BMDMA_STATUS }, BMDMA },
	{ "out8_bmdma_command", "native", loop_out8_zero, { BMDMA_COMMAND }, BMDMA },
	{ "out8_bmdma_status", "native", loop_out8_zero, { BMDMA_STATUS }, BMDMA },
	{ "out32_bmdma_prd", "native", loop_out32_native, { BMDMA_PRD }, BMDMA },
};

/* The shortest of some batches: interrupts of the host only ever add. */
static u64 best_batch(const struct operation *op, unsigned long n,
		      long *status)
{
	u64 best = U64_MAX;
	int i;

	for (i = 0; i < BATCHES; i++) {
		unsigned long flags;
		u64 start, ticks;

		local_irq_save(flags);
		start = rdtsc_ordered();
		*status = op->loop(n, op->at);
		ticks = rdtsc_ordered() - start;
		local_irq_restore(flags);
		best = min(best, ticks);
	}
	return best;
}

/*
 * As kvm-unit-tests do it: more and more iterations, until it changes nothing.
 * The difference between 2n and n of them leaves out what only the batch costs.
 */
static void measure(struct operation *op)
{
	u64 ticks, twice, now, last = 0;
	unsigned long n;
	long status;

	ticks = best_batch(op, 1, &status);
	if (status != op->status) {
		pr_info("%s by %s: the host says %ld\n", op->name, op->way,
			status);
		return;
	}
	if (ticks > BATCH_TICKS / 4) {
		/*
		 * Too long to repeat, and for the host to have no timer tick
		 * in it.  What the batch itself costs is lost in that.
		 */
		op->centiticks = ticks * 100;
		op->iterations = 1;
		last = best_batch(op, 1, &status);
		op->stable = abs_diff(ticks, last) <= ticks / 200;
		return;
	}

	for (n = 1; n <= MAX_ITERATIONS; n *= 2) {
		twice = best_batch(op, 2 * n, &status);
		now = div64_ul((twice - ticks) * 100, n);
		op->centiticks = now;
		op->iterations = 2 * n;
		/* The same: to a thousandth, or to a tenth of a tick. */
		op->stable = abs_diff(now, last) <= max(now / 1000, 10ULL);
		if (op->stable || twice * 2 > BATCH_TICKS)
			break;
		ticks = twice;
		last = now;
	}
	/* The loop's own; what is left of "tsc" is the loop. */
	if (op->loop != loop_empty)
		op->centiticks -= min(operations[0].centiticks, op->centiticks);
}

/**
 * struct disk_read - reads of READ_BYTES from a disk, one at a time
 * @name:	names the disk
 * @ticks:	result: ticks from submission until the reader runs again; 0 if there
 *		was an error
 * @reads:	how many there were
 * @stable:	half as many groups gave the same figure
 */
struct disk_read {
	const char *name;
	u64 ticks;
	int reads;
	bool stable;
};

static struct disk_read disk_reads[DISKS];

static int read_block(struct block_device *bdev, sector_t sector)
{
	struct bio_vec vec;
	struct bio bio;
	int err;

	bio_init(&bio, bdev, &vec, 1, REQ_OP_READ);
	bio.bi_iter.bi_sector = sector;
	__bio_add_page(&bio, virt_to_page(string_buf), READ_BYTES, 0);
	err = submit_bio_wait(&bio);
	bio_uninit(&bio);
	return err;
}

/* The ticks of a group, or 0. */
static u64 read_group(struct block_device *bdev, int group)
{
	u64 start = rdtsc_ordered();
	int i;

	for (i = 0; i < GROUP_READS; i++) {
		if (read_block(bdev, (group * GROUP_READS + i) *
			       (READ_BYTES / SECTOR_SIZE)))
			return 0;
	}
	return rdtsc_ordered() - start;
}

static int compare_ticks(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 median(const u64 *ticks, int n)
{
	static u64 sorted[GROUPS_MAX];

	memcpy(sorted, ticks, n * sizeof(*ticks));
	sort(sorted, n, sizeof(*sorted), compare_ticks, NULL);
	return (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* What a request costs, all of it but a system call. */
static void measure_disk(struct disk_read *disk, char *spec)
{
	static u64 ticks[GROUPS_MAX];
	u64 now, last = 0;
	struct file *file;
	int i, n = 4;

	disk->name = strsep(&spec, ":");
	file = bdev_file_open_by_path(spec ?: "", BLK_OPEN_READ, NULL, NULL);
	if (IS_ERR(file)) {
		pr_err("cannot open %s\n", disk->name);
		return;
	}
	for (i = -GROUPS_WARM; i < GROUPS_MAX; i++) {
		now = read_group(file_bdev(file), i + GROUPS_WARM);
		if (!now) {
			pr_err("cannot read %s\n", disk->name);
			disk->ticks = 0;
			break;
		}
		if (i < 0)
			continue;
		ticks[i] = now;
		if (i + 1 < n)
			continue;
		now = median(ticks, n);
		disk->ticks = now / GROUP_READS;
		disk->reads = n * GROUP_READS;
		disk->stable = abs_diff(now, last) <= now / 200;
		if (disk->stable)
			break;
		last = now;
		n *= 2;
	}
	fput(file);
}

static int results_show(struct seq_file *m, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		struct operation *op = &operations[i];

		if (!op->centiticks)
			continue;
		seq_printf(m, "{\"op\":\"%s\",\"way\":\"%s\",\"instructions\":%llu.%02llu,\"iterations\":%lu,\"stable\":%s}\n",
			   op->name, op->way, op->centiticks / 100,
			   op->centiticks % 100, op->iterations,
			   op->stable ? "true" : "false");
	}
	for (i = 0; i < n_disks; i++) {
		struct disk_read *disk = &disk_reads[i];

		if (!disk->ticks)
			continue;
		seq_printf(m, "{\"op\":\"read4k_%s\",\"way\":\"kernel\",\"instructions\":%llu,\"iterations\":%d,\"stable\":%s}\n",
			   disk->name, disk->ticks, disk->reads,
			   disk->stable ? "true" : "false");
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static struct dentry *results_file;

/* Where the operation is done.  False if there is no such thing here. */
static bool resolve(struct operation *op)
{
	struct pci_dev *ahci, *ide;

	switch (op->base) {
	case PORT:
	case MMIO:
		return true;
	case ACPI_TIMER:
		op->at.addr += acpi_gbl_FADT.pm_timer_block;
		return acpi_gbl_FADT.pm_timer_block;
	case AHCI:
		ahci = pci_get_class(PCI_CLASS_STORAGE_SATA_AHCI, NULL);
		if (!ahci)
			return false;
		op->at.addr += pci_resource_start(ahci, AHCI_BAR);
		pci_dev_put(ahci);
		return true;
	case BMDMA:
		ide = pci_get_device(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_82371SB_1, NULL);
		if (!ide)
			return false;
		op->at.addr += pci_resource_start(ide, BMDMA_BAR);
		pci_dev_put(ide);
		return true;
	}
	return false;
}

static int __init pio_bench_init(void)
{
	int i;

	if (!kvm_para_available()) {
		pr_err("not a KVM guest\n");
		return -ENODEV;
	}
	/*
	 * A page each, the longest transfer and more than the longest list; nothing else near
	 * them.  Where the kernel maps memory by small pages, because some text of a module
	 * is in the same 2 MiB, KVM takes 150 instructions more for each access to it.
	 */
	string_buf = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, get_order(PMD_SIZE));
	if (!string_buf)
		return -ENOMEM;
	list = string_buf + PAGE_SIZE;

	outb(PIT_CH2_LSB, PORT_PIT_MODE);
	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		struct operation *op = &operations[i];

		if (!resolve(op))
			continue;
		if (op->base == MMIO || op->base == AHCI) {
			mmio = ioremap(op->at.addr, sizeof(u32));
			if (!mmio)
				goto no_memory;
		}
		measure(op);
		if (mmio)
			iounmap(mmio);
		mmio = NULL;
	}
	for (i = 0; i < n_disks; i++)
		measure_disk(&disk_reads[i], disks[i]);
	free_pages((unsigned long)string_buf, get_order(PMD_SIZE));

	results_file = debugfs_create_file(KBUILD_MODNAME, 0444, NULL, NULL,
					   &results_fops);
	return 0;

no_memory:
	free_pages((unsigned long)string_buf, get_order(PMD_SIZE));
	return -ENOMEM;
}

static void __exit pio_bench_exit(void)
{
	debugfs_remove(results_file);
}

module_init(pio_bench_init);
module_exit(pio_bench_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("PIO hypercall kit maintainers");
MODULE_DESCRIPTION("Instructions per register access and disk read, native and by hypercall");
