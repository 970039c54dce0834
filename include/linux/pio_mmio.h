/* SPDX-License-Identifier: GPL-2.0 */
/*
 * readl() and writel() for drivers whose device may be one that a hypervisor
 * emulates: by hypercall, with no instruction to decode, if the registers were
 * announced (drivers/virt/pio_hypercall/mmio.c).  Elsewhere they are readl() and
 * writel(), behind a static branch while nothing is announced.
 */
#ifndef _LINUX_PIO_MMIO_H
#define _LINUX_PIO_MMIO_H

#include <linux/io.h>

#ifdef CONFIG_PIO_HYPERCALL

#include <linux/jump_label.h>

DECLARE_STATIC_KEY_FALSE(pio_mmio_key);
u32 __pio_mmio_readl(const void __iomem *addr);
void __pio_mmio_writel(u32 value, void __iomem *addr);

/**
 * pio_mmio_readl() - readl(), by hypercall if the register was announced
 * @addr:	the register
 *
 * Context: that of readl().
 * Return: what it reads.
 */
static __always_inline u32 pio_mmio_readl(const void __iomem *addr)
{
	if (static_branch_unlikely(&pio_mmio_key))
		return __pio_mmio_readl(addr);
	return readl(addr);
}

/**
 * pio_mmio_writel() - writel(), by hypercall if the register was announced
 * @value:	what to write
 * @addr:	the register
 *
 * Context: that of writel().
 */
static __always_inline void pio_mmio_writel(u32 value, void __iomem *addr)
{
	if (static_branch_unlikely(&pio_mmio_key))
		__pio_mmio_writel(value, addr);
	else
		writel(value, addr);
}

#else

#define pio_mmio_readl(addr)		readl(addr)
#define pio_mmio_writel(value, addr)	writel(value, addr)

#endif

#endif /* _LINUX_PIO_MMIO_H */
