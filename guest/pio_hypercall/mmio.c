// SPDX-License-Identifier: GPL-2.0
/*
 * MMIO by hypercall, for device registers that were announced.  Only drivers that
 * include <linux/pio_mmio.h> ask, and only while a range is announced.
 */
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/jump_label.h>
#include <linux/mutex.h>
#include <linux/pio_hypercall.h>
#include <linux/pio_mmio.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include "transport.h"

/* Controllers; the ones above go without. */
#define RANGES	8

/*
 * Readers do without a lock: @len is written last when a range comes, first when
 * it goes, and its place is not used again while one of them may still look at it.
 */
static struct {
	void __iomem *addr;
	phys_addr_t gpa;
	unsigned long len;	/* 0: free */
} ranges[RANGES];
static DEFINE_MUTEX(ranges_lock);

DEFINE_STATIC_KEY_FALSE(pio_mmio_key);
EXPORT_SYMBOL_GPL(pio_mmio_key);

static bool lookup(const void __iomem *addr, phys_addr_t *gpa)
{
	bool found = false;
	int i;

	/* Against pio_mmio_forget(), and another range in the same place. */
	preempt_disable_notrace();
	for (i = 0; i < RANGES && !found; i++) {
		/* Pairs with pio_mmio_announce(). */
		unsigned long len = smp_load_acquire(&ranges[i].len);
		unsigned long offset = addr - ranges[i].addr;

		*gpa = ranges[i].gpa + offset;
		smp_rmb();	/* if it is still the same, so were the addresses */
		found = len >= 4 && offset <= len - 4 &&
			READ_ONCE(ranges[i].len) == len;
	}
	preempt_enable_notrace();
	return found;
}

/**
 * pio_mmio_addr() - mapping of an announced register
 * @gpa: its guest-physical address
 *
 * Context: any.
 * Return: the mapping of its 4 bytes, or NULL if nobody has announced it.
 */
void __iomem *pio_mmio_addr(phys_addr_t gpa)
{
	int i;

	for (i = 0; i < RANGES; i++) {
		/* Pairs with pio_mmio_announce(). */
		unsigned long len = smp_load_acquire(&ranges[i].len);
		phys_addr_t offset = gpa - ranges[i].gpa;

		if (len >= 4 && offset <= len - 4)
			return ranges[i].addr + offset;
	}
	return NULL;
}

/**
 * pio_mmio_announce() - registers that may be accessed by hypercall
 * @addr: their mapping
 * @gpa: their guest-physical address
 * @len: bytes
 *
 * Context: may sleep.
 * Return: 0, or -ENOSPC.
 */
int pio_mmio_announce(void __iomem *addr, phys_addr_t gpa, unsigned long len)
{
	int i, err = -ENOSPC;

	mutex_lock(&ranges_lock);
	for (i = 0; i < RANGES; i++) {
		if (ranges[i].len)
			continue;
		ranges[i].addr = addr;
		ranges[i].gpa = gpa;
		/* Addresses first: lookups do without the lock. */
		smp_store_release(&ranges[i].len, len);
		if (pio_hcall_features & PIO_HCALL_F_MMIO)
			static_branch_inc(&pio_mmio_key);
		err = 0;
		break;
	}
	mutex_unlock(&ranges_lock);
	return err;
}
EXPORT_SYMBOL_GPL(pio_mmio_announce);

/**
 * pio_mmio_forget() - end of what pio_mmio_announce() began
 * @addr: the mapping, which nobody accesses by list any more
 *
 * Context: may sleep.
 */
void pio_mmio_forget(void __iomem *addr)
{
	int i;

	mutex_lock(&ranges_lock);
	for (i = 0; i < RANGES; i++) {
		if (!ranges[i].len || ranges[i].addr != addr)
			continue;
		WRITE_ONCE(ranges[i].len, 0);
		if (pio_hcall_features & PIO_HCALL_F_MMIO)
			static_branch_dec(&pio_mmio_key);
	}
	synchronize_rcu();
	mutex_unlock(&ranges_lock);
}
EXPORT_SYMBOL_GPL(pio_mmio_forget);

/**
 * __pio_mmio_readl() - readl() while there are announced ranges
 * @addr: the register
 *
 * Context: any.
 * Return: its value.
 */
u32 __pio_mmio_readl(const void __iomem *addr)
{
	phys_addr_t gpa;

	return lookup(addr, &gpa) ? pio_hcall_read(addr, gpa) : readl(addr);
}
EXPORT_SYMBOL_GPL(__pio_mmio_readl);

/**
 * __pio_mmio_writel() - writel() while there are announced ranges
 * @value: the value
 * @addr: the register
 *
 * Context: any.
 */
void __pio_mmio_writel(u32 value, void __iomem *addr)
{
	phys_addr_t gpa;

	if (lookup(addr, &gpa))
		pio_hcall_write(value, addr, gpa);
	else
		writel(value, addr);
}
EXPORT_SYMBOL_GPL(__pio_mmio_writel);
