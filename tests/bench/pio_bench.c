// SPDX-License-Identifier: GPL-2.0
/*
 * What port I/O costs a guest, in ticks of its TSC.
 *
 * Loading the module measures; /sys/kernel/debug/pio_bench then has one JSON
 * object per operation.  Where a tick is an instruction (the testbed's
 * deterministic machines; "tsc" tells) the figures are exact: all that the
 * guest, KVM and the VMM execute for the operation.
 *
 * Each operation is done in up to three ways: "native", by the instruction;
 * "hypercall", by the call in line; "kernel", by inb() and its like as this
 * kernel compiles them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/debugfs.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pio_hypercall.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <uapi/linux/kvm_para.h>
#include <asm/kvm_para.h>
#include <asm/tsc.h>

/* Port 0x80 (POST codes) and the IDE ports belong to devices of QEMU. */
#define PORT_QEMU	0x80
#define PORT_IDE_DATA	0x170	/* no transfer under way: reads 0, ignores writes */
#define PORT_PCI_ADDR	0xcf8	/* only read */
/* Stands for acpi_gbl_FADT.pm_timer_block, in QEMU: writes have no effect. */
#define PORT_ACPI_TIMER	0xffff
/* The PIT is in KVM; channel 2 drives the speaker. */
#define PORT_PIT	0x42
#define PORT_PIT_MODE	0x43
#define PIT_CH2_LSB	0x90	/* one byte per access, so that all are alike */

#define HPET_ADDR	0xfed00000	/* a device of QEMU's */

#define STRING_COUNT	256	/* two-byte elements: a sector */

#define HCALL_NOBODYS	0x12345678

/* Batches that take longer are likely to be hit by the host's timer tick. */
#define BATCH_TICKS	1000000
#define MAX_ITERATIONS	8192
#define BATCHES		12

static u16 *string_buf;
static u8 __iomem *hpet;

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
static noinline long loop_empty(unsigned long n, u16 port)
{
	asm volatile("1: dec %0; jnz 1b" : "+r" (n));
	return 0;
}

static noinline long loop_cpuid(unsigned long n, u16 port)
{
	for (; n; n--) {
		u32 eax = 0, ecx = 0;

		asm volatile("cpuid" : "+a" (eax), "+c" (ecx) : : "ebx", "edx");
	}
	return 0;
}

static noinline long loop_hcall_unknown(unsigned long n, u16 port)
{
	long status = 0;

	for (; n; n--)
		status = hcall(HCALL_NOBODYS, 0, 0, 0, 0);
	return status;
}

static noinline long loop_hcall_probe(unsigned long n, u16 port)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_PROBE, 0, 0, 0, 0);
	return status;
}

static noinline long loop_in8_native(unsigned long n, u16 port)
{
	u8 value;

	for (; n; n--)
		asm volatile("inb %w1, %b0" : "=a" (value) : "d" (port));
	return 0;
}

static noinline long loop_in8_hcall(unsigned long n, u16 port)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_IN, port, 1, 0, 0);
	return status;
}

static noinline long loop_in8_kernel(unsigned long n, u16 port)
{
	for (; n; n--)
		inb(port);
	return 0;
}

static noinline long loop_in32_native(unsigned long n, u16 port)
{
	u32 value;

	for (; n; n--)
		asm volatile("inl %w1, %0" : "=a" (value) : "d" (port));
	return 0;
}

static noinline long loop_in32_hcall(unsigned long n, u16 port)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_IN, port, 4, 0, 0);
	return status;
}

static noinline long loop_in32_kernel(unsigned long n, u16 port)
{
	for (; n; n--)
		inl(port);
	return 0;
}

static noinline long loop_out8_native(unsigned long n, u16 port)
{
	u8 value = 0xff;

	for (; n; n--)
		asm volatile("outb %b0, %w1" : : "a" (value), "d" (port));
	return 0;
}

static noinline long loop_out8_hcall(unsigned long n, u16 port)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_OUT, port, 1, 0xff, 0);
	return status;
}

static noinline long loop_out8_kernel(unsigned long n, u16 port)
{
	for (; n; n--)
		outb(0xff, port);
	return 0;
}

/* The ACPI timer cannot be written. */
static noinline long loop_out32_native(unsigned long n, u16 port)
{
	u32 value = 0;

	for (; n; n--)
		asm volatile("outl %0, %w1" : : "a" (value), "d" (port));
	return 0;
}

static noinline long loop_out32_hcall(unsigned long n, u16 port)
{
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_OUT, port, 4, 0, 0);
	return status;
}

static noinline long loop_out32_kernel(unsigned long n, u16 port)
{
	for (; n; n--)
		outl(0, port);
	return 0;
}

static noinline long loop_ins16_native(unsigned long n, u16 port)
{
	for (; n; n--) {
		unsigned long count = STRING_COUNT;
		void *addr = string_buf;

		asm volatile("rep; insw" : "+D" (addr), "+c" (count)
			     : "d" (port) : "memory");
	}
	return 0;
}

static noinline long loop_ins16_hcall(unsigned long n, u16 port)
{
	unsigned long gpa = virt_to_phys(string_buf);
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_INS, port, 2, gpa, STRING_COUNT);
	return status;
}

static noinline long loop_ins16_kernel(unsigned long n, u16 port)
{
	for (; n; n--)
		insw(port, string_buf, STRING_COUNT);
	return 0;
}

static noinline long loop_outs16_native(unsigned long n, u16 port)
{
	for (; n; n--) {
		unsigned long count = STRING_COUNT;
		const void *addr = string_buf;

		asm volatile("rep; outsw" : "+S" (addr), "+c" (count)
			     : "d" (port) : "memory");
	}
	return 0;
}

static noinline long loop_outs16_hcall(unsigned long n, u16 port)
{
	unsigned long gpa = virt_to_phys(string_buf);
	long status = 0;

	for (; n; n--)
		status = hcall(PIO_HCALL_OUTS, port, 2, gpa, STRING_COUNT);
	return status;
}

static noinline long loop_outs16_kernel(unsigned long n, u16 port)
{
	for (; n; n--)
		outsw(port, string_buf, STRING_COUNT);
	return 0;
}

static noinline long loop_mmio_read(unsigned long n, u16 port)
{
	for (; n; n--)
		readl(hpet);
	return 0;
}

/**
 * struct operation - one operation, done in one way
 * @name:	names the operation
 * @way:	names the way
 * @loop:	does it
 * @port:	where, if it is port I/O
 * @status:	what the host must answer
 * @centiticks:	result: hundredths of a tick for one operation, 0 if the host
 *		does not know the call
 * @iterations:	in the batches it comes from
 * @stable:	half as many iterations gave the same figure
 */
struct operation {
	const char *name;
	const char *way;
	long (*loop)(unsigned long n, u16 port);
	u16 port;
	long status;
	u64 centiticks;
	unsigned long iterations;
	bool stable;
};

static struct operation operations[] = {
	{ "tsc", "native", loop_empty },
	{ "cpuid", "native", loop_cpuid },
	{ "hcall_unknown", "hypercall", loop_hcall_unknown, 0, -KVM_ENOSYS },
	{ "hcall_probe", "hypercall", loop_hcall_probe },
	{ "in8_qemu", "native", loop_in8_native, PORT_QEMU },
	{ "in8_qemu", "hypercall", loop_in8_hcall, PORT_QEMU },
	{ "in8_qemu", "kernel", loop_in8_kernel, PORT_QEMU },
	{ "out8_qemu", "native", loop_out8_native, PORT_QEMU },
	{ "out8_qemu", "hypercall", loop_out8_hcall, PORT_QEMU },
	{ "out8_qemu", "kernel", loop_out8_kernel, PORT_QEMU },
	{ "in32_qemu", "native", loop_in32_native, PORT_PCI_ADDR },
	{ "in32_qemu", "hypercall", loop_in32_hcall, PORT_PCI_ADDR },
	{ "in32_qemu", "kernel", loop_in32_kernel, PORT_PCI_ADDR },
	{ "out32_qemu", "native", loop_out32_native, PORT_ACPI_TIMER },
	{ "out32_qemu", "hypercall", loop_out32_hcall, PORT_ACPI_TIMER },
	{ "out32_qemu", "kernel", loop_out32_kernel, PORT_ACPI_TIMER },
	{ "in8_kvm", "native", loop_in8_native, PORT_PIT },
	{ "in8_kvm", "hypercall", loop_in8_hcall, PORT_PIT },
	{ "in8_kvm", "kernel", loop_in8_kernel, PORT_PIT },
	{ "out8_kvm", "native", loop_out8_native, PORT_PIT },
	{ "out8_kvm", "hypercall", loop_out8_hcall, PORT_PIT },
	{ "out8_kvm", "kernel", loop_out8_kernel, PORT_PIT },
	{ "ins16x256_qemu", "native", loop_ins16_native, PORT_IDE_DATA },
	{ "ins16x256_qemu", "hypercall", loop_ins16_hcall, PORT_IDE_DATA },
	{ "ins16x256_qemu", "kernel", loop_ins16_kernel, PORT_IDE_DATA },
	{ "outs16x256_qemu", "native", loop_outs16_native, PORT_IDE_DATA },
	{ "outs16x256_qemu", "hypercall", loop_outs16_hcall, PORT_IDE_DATA },
	{ "outs16x256_qemu", "kernel", loop_outs16_kernel, PORT_IDE_DATA },
	{ "mmio_read32_qemu", "native", loop_mmio_read },
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
		*status = op->loop(n, op->port);
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
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static struct dentry *results_file;

static int __init pio_bench_init(void)
{
	int i;

	if (!kvm_para_available()) {
		pr_err("not a KVM guest\n");
		return -ENODEV;
	}
	string_buf = kzalloc(STRING_COUNT * sizeof(*string_buf), GFP_KERNEL);
	if (!string_buf)
		return -ENOMEM;
	hpet = ioremap(HPET_ADDR, PAGE_SIZE);
	if (!hpet) {
		kfree(string_buf);
		return -ENOMEM;
	}

	outb(PIT_CH2_LSB, PORT_PIT_MODE);
	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		struct operation *op = &operations[i];

		if (op->port == PORT_ACPI_TIMER) {
			op->port = acpi_gbl_FADT.pm_timer_block;
			if (!op->port)
				continue;
		}
		measure(op);
	}
	iounmap(hpet);
	kfree(string_buf);

	results_file = debugfs_create_file(KBUILD_MODNAME, 0444, NULL, NULL,
					   &results_fops);
	return 0;
}

static void __exit pio_bench_exit(void)
{
	debugfs_remove(results_file);
}

module_init(pio_bench_init);
module_exit(pio_bench_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("PIO hypercall kit maintainers");
MODULE_DESCRIPTION("Instructions per port access, native and by hypercall");
