/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PIO_HYPERCALL_TRANSPORT_H
#define PIO_HYPERCALL_TRANSPORT_H

#include <linux/compiler.h>
#include <linux/pio_hypercall.h>
#include <linux/types.h>

/**
 * struct pio_hcall_host - what the host offers
 * @version:	its ABI version
 * @features:	PIO_HCALL_F_*, those this guest knows
 */
struct pio_hcall_host {
	u32 version;
	u32 features;
};

const char *pio_hcall_probe(struct pio_hcall_host *host);
u32 pio_hcall_in(u16 port, unsigned int size);
void pio_hcall_out(u16 port, u32 value, unsigned int size);
void pio_hcall_ins(u16 port, void *addr, unsigned long count,
		   unsigned int size);
void pio_hcall_outs(u16 port, const void *addr, unsigned long count,
		    unsigned int size);
unsigned int pio_hcall_batch(struct pio_hcall_access *list, unsigned int count);
unsigned int __pio_hcall_batch(struct pio_hcall_access *list,
			       unsigned int count);
bool pio_hcall_reaches(phys_addr_t gpa);
u32 pio_hcall_read(const void __iomem *addr, phys_addr_t gpa);
void pio_hcall_write(u32 value, void __iomem *addr, phys_addr_t gpa);

/* Where this kit shows what it does: /sys/kernel/debug/pio_hypercall. */
extern struct dentry *pio_hcall_debugfs;
void pio_hcall_stats_early(void);
void pio_hcall_stats_init(void);
void pio_hcall_exit(void);
bool pio_hcall_gone(void);
void pio_hcall_set_gone(bool gone);

/* control.c */

/**
 * struct pio_hcall_user - who makes lists
 * @start: begins, or looks for more to do; 0 or an error
 * @stop: ends
 */
struct pio_hcall_user {
	int (*start)(void);
	void (*stop)(void);
};

bool pio_hcall_boot_words(const char *val);
const char *pio_hcall_decide(u32 *version);
void pio_hcall_say(const char *why, u32 version);
void pio_hcall_lost(void);
int pio_hcall_begin(void);
void pio_hcall_end(void);
int pio_hcall_use(const struct pio_hcall_user *new);
void pio_hcall_unuse(void);

/*
 * What is in use: PIO_HCALL_F_* of the host, less what was opted out of.  Changes only
 * while nobody makes lists.
 */
extern u32 pio_hcall_features;

/* The last PROBE found no handler: lists by the list device may do without. */
extern bool pio_hcall_unanswered;

/* mmio.c */
int pio_mmio_announce(void __iomem *addr, phys_addr_t gpa, unsigned long len);
void pio_mmio_forget(void __iomem *addr);
void __iomem *pio_mmio_addr(phys_addr_t gpa);

#ifdef CONFIG_PARAVIRT_PIO
/* posted.c */
extern bool pio_posted_enabled;
extern unsigned int pio_posted_count;
bool pio_posted_in(u16 port, u32 *value, unsigned int size);
bool pio_posted_out(u16 port, u32 value, unsigned int size);
void pio_posted_flush(void);
void pio_posted_set(bool enabled);

static __always_inline bool pio_posted_waiting(void)
{
	return READ_ONCE(pio_posted_count);
}

/*
 * Writes that may wait for the next access of any port, because nothing but a
 * later access makes a device act on them:
 *
 *	0xcf8, 4 bytes	PCI configuration address: an access to 0xcfc..0xcff
 *			uses it (PCI 3.0, 3.2.2.3.2).  Other sizes are other
 *			registers (0xcf9: reset) and do not wait.
 *	0x1f1..0x1f5	features, sector count, LBA low, mid, high of the ATA
 *	0x171..0x175	channels at their legacy ports: a write to the command
 *			register uses them, a read of a port shows them.  Not
 *			data (0x1f0), nor device (0x1f6: on a real channel it
 *			decides whose INTRQ is seen), nor command and control.
 */
static __always_inline bool pio_posted_port(u16 port, unsigned int size)
{
	if (!pio_posted_enabled)
		return false;
	if (size == 4)
		return port == 0xcf8;
	return size == 1 && ((port | 0x80) >= 0x1f1 && (port | 0x80) <= 0x1f5 &&
			     port >> 8 == 1);
}

/* pv_io.c: entered with the registers of an instruction, not by C. */
void pio_hcall_pv_inb(void);
void pio_hcall_pv_inw(void);
void pio_hcall_pv_inl(void);
void pio_hcall_pv_outb(void);
void pio_hcall_pv_outw(void);
void pio_hcall_pv_outl(void);
void pio_hcall_pv_insb(void);
void pio_hcall_pv_insw(void);
void pio_hcall_pv_insl(void);
void pio_hcall_pv_outsb(void);
void pio_hcall_pv_outsw(void);
void pio_hcall_pv_outsl(void);
void pio_pv_init(void);
#else
/* in*() and out*() are instructions, and none of them waits. */
#define pio_posted_enabled	false

static inline void pio_posted_flush(void)
{
}

static inline void pio_posted_set(bool enabled)
{
}

static inline void pio_pv_init(void)
{
}
#endif /* CONFIG_PARAVIRT_PIO */

#endif /* PIO_HYPERCALL_TRANSPORT_H */
