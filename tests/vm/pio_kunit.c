// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's port I/O functions against the native instructions, in a guest.
 *
 * Runs in the patched and the unpatched kernel and with pio_hcall= on and off:
 * the functions must not differ from the instructions anywhere.  Needs a PC of
 * QEMU's: the PCI configuration ports, which read back as they were written, and
 * fw_cfg's data port, which gives the next byte at every read.
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/hrtimer.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <kunit/test.h>

#define PCI_ADDRESS		0xcf8
#define PCI_DATA		0xcfc
#define PCI_ID_0		0x80000000	/* vendor and device ID of 00:00.0 */
#define FW_CFG_SELECTOR		0x510
#define FW_CFG_DATA		0x511
#define FW_CFG_FILE_DIR		0x19

/* All of RAX, as the instruction leaves it when it found ones there. */
#define NATIVE_IN(insn, port)						\
({									\
	unsigned long rax = ~0UL;					\
	asm volatile(insn : "+a" (rax) : "d" ((u16)(port)) : "memory");	\
	rax;								\
})

static void native_outl(u32 value, u16 port)
{
	asm volatile("outl %0, %1" : : "a" (value), "d" (port) : "memory");
}

static void native_outw(u16 value, u16 port)
{
	asm volatile("outw %0, %1" : : "a" (value), "d" (port) : "memory");
}

static void native_insb(u16 port, void *addr, unsigned long count)
{
	asm volatile("rep; insb" : "+D" (addr), "+c" (count)
		     : "d" (port) : "memory");
}

static void in_matches_native(struct kunit *test)
{
	int i;

	native_outl(PCI_ID_0, PCI_ADDRESS);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, (unsigned long)inb(PCI_DATA + i),
				NATIVE_IN("inb %%dx, %%al", PCI_DATA + i) & 0xff);
	for (i = 0; i < 4; i += 2)
		KUNIT_EXPECT_EQ(test, (unsigned long)inw(PCI_DATA + i),
				NATIVE_IN("inw %%dx, %%ax", PCI_DATA + i) & 0xffff);
	/* The one that clears the upper half of RAX by itself. */
	KUNIT_EXPECT_EQ(test, (unsigned long)inl(PCI_DATA),
			NATIVE_IN("inl %%dx, %%eax", PCI_DATA));
	KUNIT_EXPECT_EQ(test, inb(PCI_DATA), inb_p(PCI_DATA));
	KUNIT_EXPECT_EQ(test, inw(PCI_DATA), inw_p(PCI_DATA));
	KUNIT_EXPECT_EQ(test, inl(PCI_DATA), inl_p(PCI_DATA));
	/* QEMU's i440fx; if not, the comparisons above proved little. */
	KUNIT_EXPECT_EQ(test, inl(PCI_DATA), 0x12378086);
}

/* More writes that may wait than the queue holds, and a read of each kind behind. */
static void waiting_writes_in_order(struct kunit *test)
{
	u8 buf[2];
	int i;

	for (i = 0; i < 40; i++) {
		outl(PCI_ID_0 | i << 8, PCI_ADDRESS);
		if (i % 3 == 0)
			outl(PCI_ID_0 | 4, PCI_ADDRESS);
	}
	KUNIT_EXPECT_EQ(test, inl(PCI_ADDRESS), PCI_ID_0 | 4);
	outl(PCI_ID_0, PCI_ADDRESS);
	KUNIT_EXPECT_EQ(test, inl(PCI_DATA), 0x12378086);
	outl(PCI_ID_0 | 4, PCI_ADDRESS);
	outl(PCI_ID_0, PCI_ADDRESS);
	insb(PCI_DATA, buf, sizeof(buf));
	KUNIT_EXPECT_EQ(test, buf[0], 0x86);
	KUNIT_EXPECT_EQ(test, buf[1], 0x86);
}

static void out_matches_native(struct kunit *test)
{
	/*
	 * This write may wait for the kernel's next access of a port, and an
	 * instruction of our own is none.
	 */
	outl(0x80000008, PCI_ADDRESS);
	inb(PCI_DATA);
	KUNIT_EXPECT_EQ(test, NATIVE_IN("inl %%dx, %%eax", PCI_ADDRESS),
			0x80000008UL);
	outl_p(PCI_ID_0, PCI_ADDRESS);
	inb(PCI_DATA);
	KUNIT_EXPECT_EQ(test, NATIVE_IN("inl %%dx, %%eax", PCI_ADDRESS),
			(unsigned long)PCI_ID_0);

	/* fw_cfg: "QEMU" is item 0; the selector takes 16 bits. */
	outw(0, FW_CFG_SELECTOR);
	KUNIT_EXPECT_EQ(test, NATIVE_IN("inb %%dx, %%al", FW_CFG_DATA) & 0xff,
			(unsigned long)'Q');
	outw_p(0, FW_CFG_SELECTOR);
	KUNIT_EXPECT_EQ(test, NATIVE_IN("inb %%dx, %%al", FW_CFG_DATA) & 0xff,
			(unsigned long)'Q');

	/* CMOS: byte 0x0f is RAM that nobody looks at while we run. */
	outb(0x0f, 0x70);
	outb(0x5a, 0x71);
	KUNIT_EXPECT_EQ(test, NATIVE_IN("inb %%dx, %%al", 0x71) & 0xff, 0x5aUL);
	outb_p(0xa5, 0x71);
	KUNIT_EXPECT_EQ(test, inb_p(0x71), 0xa5);
	outb(0, 0x71);
}

/* Reads @len bytes of a stream both ways; the guard bytes must stay. */
static void insb_into(struct kunit *test, u8 *buf, size_t len, const char *what)
{
	u8 *expected = kunit_kmalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, expected);
	native_outw(FW_CFG_FILE_DIR, FW_CFG_SELECTOR);
	native_insb(FW_CFG_DATA, expected, len);

	memset(buf, 0xee, len + 2);
	native_outw(FW_CFG_FILE_DIR, FW_CFG_SELECTOR);
	insb(FW_CFG_DATA, buf + 1, len);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(buf + 1, expected, len), 0, "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, buf[0], 0xee, "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, buf[len + 1], 0xee, "%s", what);
	kunit_kfree(test, expected);
}

static u8 module_buffer[600];

static void insb_any_memory(struct kunit *test)
{
	u8 stack_buffer[64];
	u8 *linear = kunit_kmalloc(test, 9000, GFP_KERNEL);
	u8 *virt = vmalloc(9000);
	struct page *high = alloc_page(GFP_HIGHUSER);
	phys_addr_t addr;
	u8 *mapped;

	KUNIT_ASSERT_NOT_NULL(test, linear);
	KUNIT_ASSERT_NOT_NULL(test, virt);
	KUNIT_ASSERT_NOT_NULL(test, high);
	addr = page_to_phys(vmalloc_to_page(virt));
	/* For who started a machine that has such memory. */
	kunit_info(test, "vmalloc memory %s 4 GiB", addr >> 32 ? "above" : "below");
	insb_into(test, linear, 1, "one byte");
	insb_into(test, linear, 8998, "linear, three pages");
	insb_into(test, virt, 8998, "vmalloc, three pages");
	insb_into(test, virt + PAGE_SIZE - 3, 2, "vmalloc, to the end of a page");
	insb_into(test, module_buffer, sizeof(module_buffer) - 2, "module data");
	insb_into(test, stack_buffer, sizeof(stack_buffer) - 2, "stack");
	insb_into(test, kmap(high), PAGE_SIZE - 2, "a page, mapped");
	kunmap(high);
	mapped = kmap_local_page(high);
	insb_into(test, mapped, PAGE_SIZE - 2, "a page, mapped for a while");
	kunmap_local(mapped);
	__free_page(high);
	vfree(virt);
}

static void strings_of_words(struct kunit *test)
{
	u8 *buf = vmalloc(3 * PAGE_SIZE);
	u32 *l = (u32 *)(buf + PAGE_SIZE - 6);
	u16 *w = (u16 *)(buf + PAGE_SIZE - 5);
	u32 addr[3] = { 0x80000000, 0x80000004, 0x80000008 };
	int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	native_outl(PCI_ID_0, PCI_ADDRESS);

	/* Elements that straddle pages which are not neighbours in memory. */
	memset(buf, 0xee, 3 * PAGE_SIZE);
	insl(PCI_DATA, l, 1000);
	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_EQ(test, l[i], 0x12378086);
	KUNIT_EXPECT_EQ(test, l[1000], 0xeeeeeeee);
	KUNIT_EXPECT_EQ(test, l[-1], 0xeeeeeeee);

	memset(buf, 0xee, 3 * PAGE_SIZE);
	insw(PCI_DATA, w, 2500);
	for (i = 0; i < 2500; i++)
		KUNIT_EXPECT_EQ(test, w[i], 0x8086);
	KUNIT_EXPECT_EQ(test, w[2500], 0xeeee);
	KUNIT_EXPECT_EQ(test, w[-1], 0xeeee);

	/* Nothing asked for, nothing done. */
	insl(PCI_DATA, buf, 0);
	outsl(PCI_ADDRESS, buf, 0);
	KUNIT_EXPECT_EQ(test, inl(PCI_ADDRESS), PCI_ID_0);

	/* The last element is what stays. */
	outsl(PCI_ADDRESS, addr, ARRAY_SIZE(addr));
	KUNIT_EXPECT_EQ(test, inl(PCI_ADDRESS), 0x80000008);
	w[0] = FW_CFG_FILE_DIR;
	w[1] = 0;
	outsw(FW_CFG_SELECTOR, w, 2);
	KUNIT_EXPECT_EQ(test, inb(FW_CFG_DATA), 'Q');
	outb(0x0f, 0x70);
	buf[0] = 1;
	buf[1] = 0x77;
	outsb(0x71, buf, 2);
	KUNIT_EXPECT_EQ(test, inb(0x71), 0x77);
	outb(0, 0x71);
	vfree(buf);
}

static u32 timer_value;

static enum hrtimer_restart timer_reads_port(struct hrtimer *timer)
{
	WRITE_ONCE(timer_value, inl(PCI_ADDRESS));
	return HRTIMER_NORESTART;
}

static void from_interrupt(struct kunit *test)
{
	struct hrtimer timer;

	outl(PCI_ID_0, PCI_ADDRESS);
	hrtimer_init_on_stack(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	timer.function = timer_reads_port;
	hrtimer_start(&timer, ktime_set(0, 1000000), HRTIMER_MODE_REL_HARD);
	mdelay(20);
	hrtimer_cancel(&timer);
	destroy_hrtimer_on_stack(&timer);
	KUNIT_EXPECT_EQ(test, timer_value, PCI_ID_0);
}

static struct kunit_case pio_cases[] = {
	KUNIT_CASE(in_matches_native),
	KUNIT_CASE(waiting_writes_in_order),
	KUNIT_CASE(out_matches_native),
	KUNIT_CASE(insb_any_memory),
	KUNIT_CASE(strings_of_words),
	KUNIT_CASE(from_interrupt),
	{}
};

static struct kunit_suite pio_suite = {
	.name = "pio",
	.test_cases = pio_cases,
};
kunit_test_suite(pio_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit tests of port I/O, native and by hypercall");
