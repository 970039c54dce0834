// SPDX-License-Identifier: GPL-2.0
/*
 * Port I/O and MMIO by hypercall, guest side: probe, calls, errors.
 *
 * Calls may be made in any context, NMI and early boot included, and hold no lock
 * but that of posted.c.  IN and OUT may also be idle's or entry code's,
 * hence noinstr.  An access that the host does not carry out is carried out by
 * the native instruction, so callers see no errors.  Once the host has answered
 * -KVM_ENOSYS (the handler is gone, or the guest was moved to a host without
 * one) no more calls are made until it answers a PROBE of control.c's.
 */
#define pr_fmt(fmt) "pio_hcall: " fmt

#include <linux/cc_platform.h>
#include <linux/cpufeature.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/instrumentation.h>
#include <linux/irq_work.h>
#include <linux/kfence.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/pio_hypercall.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <uapi/linux/kvm_para.h>
#include <asm/asm.h>
#include <asm/hypervisor.h>
#include <asm/io.h>
#include "list_device.h"
#include "transport.h"

/* Counters in debugfs, /sys/kernel/debug/pio_hypercall/stats. */
enum pio_stat {
	PIO_STAT_IN,		/* accesses done by hypercall, by kind */
	PIO_STAT_OUT,
	PIO_STAT_INS,
	PIO_STAT_OUTS,
	PIO_STAT_STRING_BYTES,	/* transferred by INS and OUTS */
	PIO_STAT_READ,
	PIO_STAT_WRITE,
	PIO_STAT_BATCH,
	PIO_STAT_ELEMENTS,	/* accesses done by BATCH */
	PIO_STAT_REFUSED,	/* calls that the host refused */
	PIO_STAT_NATIVE,	/* accesses, or rests of strings, done natively */
	PIO_STAT_MAX
};

static DEFINE_PER_CPU(u64[PIO_STAT_MAX], pio_stats);

/* The host answers no calls, or none are to be made.  Any access may be the first to see it. */
static bool host_gone __read_mostly;

/* See pio_list_instead(). */
bool pio_hcall_unanswered __read_mostly;

/* AMD and Hygon have VMMCALL, others VMCALL; as the boot CPU said at probe. */
static bool use_vmmcall __read_mostly;

static __always_inline void pio_count(enum pio_stat stat, u64 n)
{
	this_cpu_add(pio_stats[stat], n);
}

/*
 * One call.  Operands and results are those of the ABI header; on return @rdx
 * and @rsi are what the host left there.
 *
 * Not KVM_HYPERCALL: that is VMCALL until alternatives are applied.  And not in
 * line: where KVM has to rewrite the instruction, as for a guest whose CPU is
 * made to look like another vendor's, the probe has it done while kernel text
 * may still be written.  A module's text may not: the call is a fault then, and
 * the number, left in RAX, a status that says no.
 */
static noinstr long hcall(u32 nr, unsigned long rbx, unsigned long rcx,
			  unsigned long *rdx, unsigned long *rsi)
{
	long status;

	if (use_vmmcall)
		asm volatile("1: vmmcall\n"
			     "2:\n" _ASM_EXTABLE(1b, 2b)
			     : "=a" (status), "+d" (*rdx), "+S" (*rsi)
			     : "a" ((unsigned long)nr), "b" (rbx), "c" (rcx)
			     : "memory");
	else
		asm volatile("1: vmcall\n"
			     "2:\n" _ASM_EXTABLE(1b, 2b)
			     : "=a" (status), "+d" (*rdx), "+S" (*rsi)
			     : "a" ((unsigned long)nr), "b" (rbx), "c" (rcx)
			     : "memory");
	return status;
}

static void report_host_gone(struct irq_work *work)
{
	pr_warn("off: the host stopped answering, port I/O is native until it answers again\n");
	pio_hcall_lost();
}

static DEFINE_IRQ_WORK(host_gone_work, report_host_gone);

/*
 * A call was not carried out.  The log may be written by port I/O, with locks
 * held that led here: hence the irq_work.
 */
static noinstr void call_failed(long status)
{
	instrumentation_begin();
	/* Positive: the call was a fault, on a hypervisor that is not KVM. */
	if (status != -KVM_ENOSYS && status < 0)
		pio_count(PIO_STAT_REFUSED, 1);
	else if (!xchg(&host_gone, true))
		irq_work_queue(&host_gone_work);
	instrumentation_end();
}

/**
 * pio_hcall_probe() - ask the host what it offers
 * @host: filled in if the host answers
 *
 * Context: after init_hypervisor_platform(): setup_arch(), or later.
 * Return: NULL, or the reason why there can be no calls.
 */
const char *pio_hcall_probe(struct pio_hcall_host *host)
{
	unsigned long rdx = 0, rsi = 0;

	pio_hcall_unanswered = false;
	/* VMCALL and VMMCALL outside a hypervisor, or of another, are faults. */
	if (x86_hyper_type != X86_HYPER_KVM)
		return "not a KVM guest";
	/* The host cannot read an encrypted guest's buffers and registers. */
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT))
		return "guest memory is encrypted";
	use_vmmcall = boot_cpu_has(X86_FEATURE_VMMCALL);
	if (hcall(PIO_HCALL_PROBE, 0, 0, &rdx, &rsi)) {
		pio_hcall_unanswered = true;
		return "no handler on the host (is kvm_hcall.ko loaded there?)";
	}

	host->version = rdx;
	host->features = rsi & (PIO_HCALL_F_PIO | PIO_HCALL_F_STRING |
				PIO_HCALL_F_MMIO | PIO_HCALL_F_BATCH);
	if (host->version != PIO_HCALL_ABI_VERSION)
		return "the host speaks another version of the ABI";
	if (!(host->features & PIO_HCALL_F_PIO))
		return "the host offers no port I/O";
	return NULL;
}

/**
 * pio_hcall_gone() - is it in vain to make a call?
 *
 * Context: any.
 * Return: whether it is.
 */
bool pio_hcall_gone(void)
{
	return READ_ONCE(host_gone);
}
EXPORT_SYMBOL_GPL(pio_hcall_gone);

/**
 * pio_hcall_set_gone() - make no calls from now on, or make them again
 * @gone: which of the two
 *
 * Context: any.
 */
void pio_hcall_set_gone(bool gone)
{
	WRITE_ONCE(host_gone, gone);
}

static __always_inline u32 native_in(u16 port, unsigned int size)
{
	switch (size) {
	case 1:
		return __inb(port);
	case 2:
		return __inw(port);
	default:
		return __inl(port);
	}
}

static __always_inline void native_out(u16 port, u32 value, unsigned int size)
{
	switch (size) {
	case 1:
		__outb(value, port);
		break;
	case 2:
		__outw(value, port);
		break;
	default:
		__outl(value, port);
	}
}

#ifdef CONFIG_PARAVIRT_PIO
/**
 * pio_hcall_in() - read a port
 * @port: the port
 * @size: bytes: 1, 2 or 4
 *
 * Context: any.
 * Return: the value, zero-extended.
 */
noinstr u32 pio_hcall_in(u16 port, unsigned int size)
{
	unsigned long value = 0, unused = 0;
	long status;

	if (unlikely(pio_posted_waiting())) {
		u32 data;

		if (pio_posted_in(port, &data, size))
			return data;
	}
	if (likely(!READ_ONCE(host_gone))) {
		status = hcall(PIO_HCALL_IN, port, size, &value, &unused);
		if (likely(!status)) {
			pio_count(PIO_STAT_IN, 1);
			return value;
		}
		call_failed(status);
	}
	pio_count(PIO_STAT_NATIVE, 1);
	return native_in(port, size);
}

/**
 * pio_hcall_out() - write a port
 * @port: the port
 * @value: the value, of which @size bytes count
 * @size: bytes: 1, 2 or 4
 *
 * Context: any.
 */
noinstr void pio_hcall_out(u16 port, u32 value, unsigned int size)
{
	unsigned long rdx = value, unused = 0;
	long status;

	if (unlikely(pio_posted_waiting() || pio_posted_port(port, size)) &&
	    pio_posted_out(port, value, size))
		return;
	if (likely(!READ_ONCE(host_gone))) {
		status = hcall(PIO_HCALL_OUT, port, size, &rdx, &unused);
		if (likely(!status)) {
			pio_count(PIO_STAT_OUT, 1);
			return;
		}
		call_failed(status);
	}
	pio_count(PIO_STAT_NATIVE, 1);
	native_out(port, value, size);
}
#endif /* CONFIG_PARAVIRT_PIO */

/* A register holds it: with PAE there are addresses that none does. */
static bool in_register(phys_addr_t gpa)
{
	return (unsigned long)gpa == gpa;
}

/*
 * Physical address of @addr, and how many of @len bytes from there on are
 * contiguous.  Returns 0 for memory whose address cannot be told here, and for
 * such as is watched by way of the page tables, which the host does not use.
 */
static unsigned long buffer_gpa(const void *addr, unsigned long len,
				phys_addr_t *gpa)
{
	if (debug_pagealloc_enabled_static() || is_kfence_address(addr))
		return 0;
	/* virt_addr_valid() takes it for low memory. */
	if (is_kmap_addr(addr))
		return 0;
	if (virt_addr_valid(addr) && virt_addr_valid(addr + len - 1)) {
		*gpa = virt_to_phys((void *)addr);
		return len;
	}
	if (is_vmalloc_addr(addr)) {
		struct page *page = vmalloc_to_page(addr);

		*gpa = page ? page_to_phys(page) + offset_in_page(addr) : 0;
		if (page && in_register(*gpa))
			return min(len, PAGE_SIZE - offset_in_page(addr));
	}
	return 0;
}

/* Returns how many elements are done; the rest is the native instruction's. */
static unsigned long string_calls(u32 nr, u16 port, const void *addr,
				  unsigned long count, unsigned int size)
{
	unsigned long left = count;

	pio_posted_flush();
	pio_list_drain();
	if (!(pio_hcall_features & PIO_HCALL_F_STRING))
		return 0;
	while (left && !READ_ONCE(host_gone)) {
		unsigned long rdx, rsi, n;
		phys_addr_t gpa;
		long status;

		/*
		 * Left over: an element that straddles pages which are not
		 * neighbours, and all that follows it.
		 */
		n = buffer_gpa(addr, left * size, &gpa) / size;
		if (!n)
			break;
		rdx = gpa;
		rsi = n;
		status = hcall(nr, port, size, &rdx, &rsi);
		/* More than there was to do: believe nothing of it. */
		if (unlikely(rsi > n || (rsi && !status))) {
			rsi = min(rsi, n);
			status = -KVM_EINVAL;
		}
		n -= rsi;
		left -= n;
		addr += n * size;
		pio_count(PIO_STAT_STRING_BYTES, n * size);
		if (unlikely(status)) {
			call_failed(status);
			break;
		}
		pio_count(nr == PIO_HCALL_INS ? PIO_STAT_INS : PIO_STAT_OUTS, 1);
	}
	if (unlikely(left))
		pio_count(PIO_STAT_NATIVE, 1);
	return count - left;
}

/**
 * pio_hcall_ins() - read a port into a buffer, element by element
 * @port: the port
 * @addr: the buffer, a kernel address
 * @count: elements
 * @size: bytes of one: 1, 2 or 4
 *
 * Context: any.
 */
void pio_hcall_ins(u16 port, void *addr, unsigned long count,
		   unsigned int size)
{
	unsigned long done = string_calls(PIO_HCALL_INS, port, addr, count,
					  size);

	addr += done * size;
	count -= done;
	if (likely(!count))
		return;
	switch (size) {
	case 1:
		asm volatile("rep; insb" : "+D" (addr), "+c" (count)
			     : "d" (port) : "memory");
		break;
	case 2:
		asm volatile("rep; insw" : "+D" (addr), "+c" (count)
			     : "d" (port) : "memory");
		break;
	default:
		asm volatile("rep; insl" : "+D" (addr), "+c" (count)
			     : "d" (port) : "memory");
	}
}
EXPORT_SYMBOL_GPL(pio_hcall_ins);

/**
 * pio_hcall_outs() - write a buffer to a port, element by element
 * @port: the port
 * @addr: the buffer, a kernel address
 * @count: elements
 * @size: bytes of one: 1, 2 or 4
 *
 * Context: any.
 */
void pio_hcall_outs(u16 port, const void *addr, unsigned long count,
		    unsigned int size)
{
	unsigned long done = string_calls(PIO_HCALL_OUTS, port, addr, count,
					  size);

	addr += done * size;
	count -= done;
	if (likely(!count))
		return;
	switch (size) {
	case 1:
		asm volatile("rep; outsb" : "+S" (addr), "+c" (count)
			     : "d" (port) : "memory");
		break;
	case 2:
		asm volatile("rep; outsw" : "+S" (addr), "+c" (count)
			     : "d" (port) : "memory");
		break;
	default:
		asm volatile("rep; outsl" : "+S" (addr), "+c" (count)
			     : "d" (port) : "memory");
	}
}
EXPORT_SYMBOL_GPL(pio_hcall_outs);

/* One element by the instruction.  False if it is a CHECK that stops the list. */
static bool native_element(struct pio_hcall_access *e)
{
	void __iomem *addr = NULL;

	pio_count(PIO_STAT_NATIVE, 1);
	if (e->space == PIO_HCALL_SPACE_MMIO) {
		addr = pio_mmio_addr(e->addr);
		if (WARN_ON_ONCE(!addr))
			return false;
	}
	if (e->op != PIO_HCALL_OP_WRITE)
		e->value = addr ? readl(addr) : native_in(e->addr, e->size);
	if (e->op == PIO_HCALL_OP_WRITE || e->op == PIO_HCALL_OP_WRITE_BACK) {
		if (addr)
			writel(e->value, addr);
		else
			native_out(e->addr, e->value, e->size);
	}
	return e->op != PIO_HCALL_OP_CHECK ||
	       ((u32)e->value & e->mask) == e->want;
}

/**
 * __pio_hcall_batch() - carry out a list of accesses, past posted writes
 * @list: physically contiguous (kmalloc() or static); MMIO is 4 bytes wide, in a
 *	range that pio_mmio_announce() knows
 * @count: its elements, at most PIO_HCALL_BATCH_MAX
 *
 * What the host does not do, for whatever reason, is done by instructions.
 *
 * Context: any; the list is the caller's to protect.
 * Return: how many elements were carried out: @count, or the index of the CHECK
 *	that stopped it.
 */
unsigned int __pio_hcall_batch(struct pio_hcall_access *list,
			       unsigned int count)
{
	unsigned int done = 0;

	while (done < count) {
		if (likely(!READ_ONCE(host_gone))) {
			unsigned long rdx = virt_to_phys(list + done);
			unsigned long rsi = count - done;
			long status;

			status = hcall(PIO_HCALL_BATCH, 0, 0, &rdx, &rsi);
			/* More than there was to do: believe nothing of it. */
			if (unlikely(rsi > count - done)) {
				rsi = count - done;
				status = -KVM_EINVAL;
			}
			pio_count(PIO_STAT_ELEMENTS, count - done - rsi);
			done = count - rsi;
			if (likely(!status)) {
				pio_count(PIO_STAT_BATCH, 1);
				return done;
			}
			call_failed(status);
		}
		if (!native_element(&list[done]))
			return done;
		done++;
	}
	return done;
}

/**
 * pio_hcall_batch() - carry out a list of accesses
 * @list: as for __pio_hcall_batch()
 * @count: as for __pio_hcall_batch()
 *
 * Context: any; the list is the caller's to protect.
 * Return: as __pio_hcall_batch().
 */
unsigned int pio_hcall_batch(struct pio_hcall_access *list, unsigned int count)
{
	pio_posted_flush();
	pio_list_drain();
	return __pio_hcall_batch(list, count);
}
EXPORT_SYMBOL_GPL(pio_hcall_batch);

/**
 * pio_hcall_read() - read a 32-bit device register
 * @addr: the register
 * @gpa: its guest-physical address
 *
 * Context: any.
 * Return: its value.
 */
u32 pio_hcall_read(const void __iomem *addr, phys_addr_t gpa)
{
	unsigned long value = 0, unused = 0;
	long status;

	if (likely(!READ_ONCE(host_gone) && in_register(gpa))) {
		status = hcall(PIO_HCALL_READ, gpa, 4, &value, &unused);
		if (likely(!status)) {
			pio_count(PIO_STAT_READ, 1);
			return value;
		}
		call_failed(status);
	}
	pio_count(PIO_STAT_NATIVE, 1);
	return readl(addr);
}
EXPORT_SYMBOL_GPL(pio_hcall_read);

/**
 * pio_hcall_reaches() - does the host take calls about a register?
 * @gpa: guest-physical address of a 32-bit register that may be read
 *
 * Context: any.
 * Return: whether it does.
 */
bool pio_hcall_reaches(phys_addr_t gpa)
{
	unsigned long value = 0, unused = 0;

	return !READ_ONCE(host_gone) && in_register(gpa) &&
	       !hcall(PIO_HCALL_READ, gpa, 4, &value, &unused);
}
EXPORT_SYMBOL_GPL(pio_hcall_reaches);

/**
 * pio_hcall_write() - write a 32-bit device register
 * @value: the value
 * @addr: the register
 * @gpa: its guest-physical address
 *
 * Context: any.
 */
void pio_hcall_write(u32 value, void __iomem *addr, phys_addr_t gpa)
{
	unsigned long rdx = value, unused = 0;
	long status;

	if (likely(!READ_ONCE(host_gone) && in_register(gpa))) {
		status = hcall(PIO_HCALL_WRITE, gpa, 4, &rdx, &unused);
		if (likely(!status)) {
			pio_count(PIO_STAT_WRITE, 1);
			return;
		}
		call_failed(status);
	}
	pio_count(PIO_STAT_NATIVE, 1);
	writel(value, addr);
}

static const char * const stat_names[PIO_STAT_MAX] = {
	[PIO_STAT_IN]		= "calls_in",
	[PIO_STAT_OUT]		= "calls_out",
	[PIO_STAT_INS]		= "calls_ins",
	[PIO_STAT_OUTS]		= "calls_outs",
	[PIO_STAT_STRING_BYTES]	= "string_bytes",
	[PIO_STAT_READ]		= "calls_read",
	[PIO_STAT_WRITE]	= "calls_write",
	[PIO_STAT_BATCH]	= "calls_batch",
	[PIO_STAT_ELEMENTS]	= "batch_elements",
	[PIO_STAT_REFUSED]	= "refused",
	[PIO_STAT_NATIVE]	= "native",
};

static int stats_show(struct seq_file *m, void *unused)
{
	int stat, cpu;

	for (stat = 0; stat < PIO_STAT_MAX; stat++) {
		u64 sum = 0;

		for_each_possible_cpu(cpu)
			sum += per_cpu(pio_stats, cpu)[stat];
		seq_printf(m, "%s %llu\n", stat_names[stat], sum);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/**
 * pio_hcall_stats_early() - counters of boot, counted once
 *
 * What was counted before setup_per_cpu_areas() was copied to every CPU's area:
 * keep it in one of them.
 *
 * Context: an early initcall, no other CPU is up.
 */
void __init pio_hcall_stats_early(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (cpu != smp_processor_id())
			memset(per_cpu(pio_stats, cpu), 0, sizeof(pio_stats));
	}
}

struct dentry *pio_hcall_debugfs;
EXPORT_SYMBOL_GPL(pio_hcall_debugfs);

/**
 * pio_hcall_stats_init() - make the directory in debugfs
 *
 * Context: may sleep.
 */
void __init pio_hcall_stats_init(void)
{
	pio_hcall_debugfs = debugfs_create_dir("pio_hypercall", NULL);
	debugfs_create_file("stats", 0444, pio_hcall_debugfs, NULL, &stats_fops);
}

/**
 * pio_hcall_exit() - undo pio_hcall_begin() and pio_hcall_stats_init(); a module's end
 *
 * Context: may sleep; no calls are made any more.
 */
void pio_hcall_exit(void)
{
	irq_work_sync(&host_gone_work);
	pio_hcall_end();
	debugfs_remove_recursive(pio_hcall_debugfs);
}
